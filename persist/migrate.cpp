#include "persist/migrate.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <string>

#include "core/clock.hpp"

namespace tranche {
namespace {

Result<std::int64_t> schema_version(Database& database) {
    const auto known =
        database.integer("SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'", 0);
    if (!known) return known;
    if (known.value() != 0) return database.integer("SELECT max(version) FROM schema_version", 0);
    const auto others = database.integer("SELECT count(*) FROM sqlite_master", 0);
    if (!others) return others;
    if (others.value() == 0) return std::int64_t{0};
    return Error{ErrorKind::bad_data,
                 fmt::format("database {}: holds tables of something else. Name a new file in "
                             "storage.database; `tranche import` takes over the old bot's",
                             database.path())};
}

/// A whole, consistent copy; an older copy of the same version stays, it is the better one.
Result<Done> back_up(Database& database, std::int64_t version) {
    const auto copy = fmt::format("{}.before-{}", database.path(), version);
    std::error_code ignored;
    if (std::filesystem::exists(copy, ignored)) return Done{};
    auto statement = database.prepare("VACUUM INTO ?");
    if (!statement) return statement.error();
    statement.value().bind(1, copy);
    if (statement.value().step() == Step::done) return Done{};
    return database.error("copying it to " + copy + " before changing its schema");
}

Result<Done> apply(Database& database, const Migration& migration) {
    const auto done = database.execute(std::string{migration.sql});
    if (!done)
        return Error{done.error().kind, fmt::format("{} (migration {}, {})", done.error().message,
                                                    migration.number, migration.title)};
    return database.execute(fmt::format("INSERT INTO schema_version VALUES ({}, {})",
                                        migration.number, kernel_now().count));
}

}  // namespace

Result<Done> migrate(Database& database, std::span<const Migration> all) {
    const auto before = schema_version(database);
    if (!before) return before.error();
    const auto newest = static_cast<std::int64_t>(all.size());
    if (before.value() == newest) return Done{};
    if (before.value() > newest)
        return Error{ErrorKind::bad_data,
                     fmt::format("database {}: written by a newer tranche (schema {}, this one "
                                 "knows {}). Use the newer program, or the copy it made before "
                                 "it changed the schema",
                                 database.path(), before.value(), newest)};
    if (before.value() > 0) {
        const auto done = back_up(database, before.value());
        if (!done) return done;
    }
    auto transaction = Transaction::begin(database);
    if (!transaction) return transaction.error();
    const auto created = database.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, "
        "applied_ns INTEGER NOT NULL) STRICT");
    if (!created) return created;
    for (const Migration& migration : all.subspan(static_cast<std::size_t>(before.value()))) {
        const auto done = apply(database, migration);
        if (!done) return done;
    }
    return transaction.value().commit();
}

}  // namespace tranche
