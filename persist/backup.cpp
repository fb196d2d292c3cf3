#include "persist/backup.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

#include "persist/database.hpp"

namespace tranche {
namespace {

namespace files = std::filesystem;

Error cannot(const std::string& path, const char* doing) {
    return {ErrorKind::cannot_write,
            fmt::format("backup {}: cannot {}: {}", path, doing, std::strerror(errno))};
}

void remove_with_sidecars(const std::string& path) {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"})
        files::remove(path + suffix, ignored);
}

Result<Done> copy_and_check(const std::string& from, const std::string& copy) {
    auto source = Database::open(from, Access::read);
    if (!source) return source.error();
    auto target = Database::open(copy, Access::write);
    if (!target) return target.error();
    if (auto done = source.value().copy_into(target.value()); !done) return done;
    auto found = target.value().quick_check();
    if (!found) return found.error();
    if (!found.value().empty())
        return Error{ErrorKind::bad_data,
                     fmt::format("backup of {}: the copy is damaged, and so is the database: {}",
                                 from, found.value())};
    // One file, that needs no other beside it.
    return target.value().execute("PRAGMA journal_mode=DELETE");
}

Result<Done> sync(const std::string& path, int flags) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
    if (descriptor < 0) return cannot(path, "open it");
    const bool synced = ::fsync(descriptor) == 0;
    const Error error = cannot(path, "write it to the disk");
    ::close(descriptor);
    if (!synced) return error;
    return Done{};
}

}  // namespace

Result<std::int64_t> back_up(const std::string& from, const std::string& to) {
    std::error_code failed;
    if (!files::exists(from, failed))
        return Error{ErrorKind::not_found, fmt::format("database {}: there is none", from)};
    if (files::equivalent(from, to, failed))
        return Error{ErrorKind::usage, fmt::format("--to {}: is the database itself", to)};
    const std::string copy = fmt::format("{}.new-{}", to, ::getpid());
    remove_with_sidecars(copy);
    auto done = copy_and_check(from, copy);
    if (done) done = sync(copy, O_RDONLY);
    const auto size = files::file_size(copy, failed);
    if (done && std::rename(copy.c_str(), to.c_str()) != 0) done = cannot(to, "put it there");
    if (!done) {
        remove_with_sidecars(copy);
        return done.error();
    }
    auto folder = files::path{to}.parent_path().string();
    if (folder.empty()) folder = ".";
    if (auto synced = sync(folder, O_RDONLY | O_DIRECTORY); !synced) return synced.error();
    return static_cast<std::int64_t>(size);
}

}  // namespace tranche
