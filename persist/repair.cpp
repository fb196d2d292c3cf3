#include "persist/repair.hpp"

#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <system_error>
#include <utility>

#include "persist/migrate.hpp"

namespace tranche {
namespace {

namespace files = std::filesystem;

constexpr std::array vital = {"meta", "tranches", "orders", "fills"};

bool is_damage(const Error& error) {
    return error.kind == ErrorKind::bad_data && error.message.find("(SQLite ") != std::string::npos;
}

/// What is wrong with the file; empty when nothing is.
Result<std::string> damage_of(Database& database) {
    std::error_code failed;
    const auto size = files::file_size(database.path(), failed);
    if (!failed && size <= fully_checked_bytes) return database.quick_check();
    for (const char* table : vital) {
        const auto known = database.integer(
            fmt::format("SELECT count(*) FROM sqlite_master WHERE name = '{}'", table), 0);
        if (!known) return known.error();
        if (known.value() == 0) continue;
        auto found = database.quick_check(table);
        if (!found || !found.value().empty()) return found;
    }
    return std::string{};
}

/// The file by itself, before a log without its file can be taken for that of a new one.
Result<std::string> set_aside(const std::string& path, Nanos now) {
    const std::string aside = fmt::format("{}.damaged-{}", path, now.milliseconds());
    std::error_code failed;
    files::rename(path, aside, failed);
    if (!failed && files::exists(path + "-wal", failed))
        files::rename(path + "-wal", aside + "-wal", failed);
    if (failed)
        return Error{ErrorKind::cannot_write,
                     fmt::format("database {}: is damaged and cannot be set aside as {}: {}", path,
                                 aside, failed.message())};
    files::remove(path + "-shm", failed);
    return aside;
}

Result<Database> open_and_migrate(const std::string& path, std::string& damage) {
    auto database = Database::open(path, Access::write);
    if (!database) return database;
    auto found = damage_of(database.value());
    if (!found) return found.error();
    damage = found.value();
    if (!damage.empty()) return Error{ErrorKind::bad_data, damage};
    if (auto done = migrate(database.value()); !done) return done.error();
    return database;
}

}  // namespace

Result<CheckedDatabase> open_checked(const std::string& path, Nanos now) {
    std::error_code failed;
    // A start that was killed between the two renames above.
    if (!files::exists(path, failed) && files::exists(path + "-wal", failed))
        files::rename(path + "-wal", fmt::format("{}.damaged-{}-wal", path, now.milliseconds()),
                      failed);
    std::string damage;
    auto opened = open_and_migrate(path, damage);
    if (opened) return CheckedDatabase{std::move(opened).value(), {}, {}};
    if (damage.empty() && !is_damage(opened.error())) return opened.error();
    if (damage.empty()) damage = opened.error().message;
    auto aside = set_aside(path, now);
    if (!aside) return aside.error();
    std::string of_the_new_one;
    auto fresh = open_and_migrate(path, of_the_new_one);
    if (!fresh) return fresh.error();
    return CheckedDatabase{std::move(fresh).value(), aside.value(), damage};
}

}  // namespace tranche
