#include "persist/replacement.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tranche {
namespace {

Error trouble(const std::string& path, const char* doing) {
    return {ErrorKind::io,
            fmt::format("database {}: cannot {}: {}", path, doing, std::strerror(errno))};
}

void remove_files(const std::string& path) {
    std::error_code ignored;
    for (const char* end : {"", "-wal", "-shm", "-journal"})
        std::filesystem::remove(path + end, ignored);
}

Result<Done> sync(const std::string& path, int flags) {
    const int file = ::open(path.c_str(), flags | O_CLOEXEC);
    if (file < 0) return trouble(path, "open it to sync it");
    const int failed = ::fsync(file);
    const Error error = trouble(path, "sync it");
    ::close(file);
    if (failed != 0) return error;
    return Done{};
}

std::string folder_of(const std::string& path) {
    const auto folder = std::filesystem::path{path}.parent_path();
    return folder.empty() ? "." : folder.string();
}

/// A whole copy, on the disk, found good, and able to take a commit.
Result<Done> make_copy(Database& database, const std::string& copy) {
    remove_files(copy);
    auto statement = database.prepare("VACUUM INTO ?");
    if (!statement) return statement.error();
    statement.value().bind(1, copy);
    if (statement.value().step() != Step::done) return database.error("copying it to " + copy);
    if (auto done = sync(copy, O_RDWR); !done) return done;
    auto opened = Database::open(copy, Access::write);
    if (!opened) return opened.error();
    auto check = opened.value().prepare("PRAGMA quick_check");
    if (!check) return check.error();
    if (check.value().step() != Step::row || check.value().text(0) != "ok")
        return Error{ErrorKind::bad_data, fmt::format("database {}: the copy is damaged", copy)};
    check.value().reset();
    return opened.value().execute(
        "UPDATE meta SET value = value WHERE key = 'journal_sequence'; "
        "PRAGMA wal_checkpoint(TRUNCATE)");
}

/// The name goes over in one step. Before it the old log must go, or it would be taken for one of
/// the new file; whoever dies in between finds the old file, without its log, and the log beside
/// it.
Result<Done> take_place(const std::string& path, const std::string& copy,
                        const std::string& failed) {
    if (::link(path.c_str(), failed.c_str()) != 0) return trouble(path, "keep it");
    const std::string log = path + "-wal";
    if (::link(log.c_str(), (failed + "-wal").c_str()) != 0 && errno != ENOENT)
        return trouble(log, "keep it");
    std::error_code ignored;
    std::filesystem::remove(log, ignored);
    std::filesystem::remove(path + "-shm", ignored);
    if (::rename(copy.c_str(), path.c_str()) != 0) return trouble(copy, "give it its name");
    return sync(folder_of(path), O_RDONLY | O_DIRECTORY);
}

}  // namespace

Result<Done> replace_database(Database& database, Nanos now) {
    const std::string path = database.path();
    const std::string copy = path + ".new";
    if (auto done = make_copy(database, copy); !done) {
        remove_files(copy);
        return done;
    }
    const auto failed = fmt::format("{}.failed-{}", path, now.count / 1'000'000'000);
    if (auto done = take_place(path, copy, failed); !done) return done;
    auto opened = Database::open(path, Access::write);
    if (!opened) return opened.error();
    database.leave_alone();
    database = std::move(opened).value();
    return Done{};
}

}  // namespace tranche
