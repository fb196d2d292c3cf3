#include "tools/ban_file.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

namespace tranche {
namespace {

constexpr Nanos longest_ban = seconds(7 * 86'400);  // theirs are of three days at most

Error failure(const std::string& what, const std::string& path) {
    return {ErrorKind::cannot_write, "the end of the exchange's ban cannot be kept: " + what + " " +
                                         path + ": " + std::strerror(errno)};
}

}  // namespace

std::string ban_file_of(const std::string& database) {
    return database + ".ban";
}

Result<Nanos> read_ban(const std::string& path, Nanos now) {
    std::ifstream in{path};
    if (!in) return Nanos{};
    std::string line;
    std::getline(in, line);
    std::int64_t milliseconds_utc{};
    const auto [end, error] =
        std::from_chars(line.data(), line.data() + line.size(), milliseconds_utc);
    const bool whole = error == std::errc{} && end == line.data() + line.size() && !line.empty();
    if (!whole || milliseconds_utc < 0 || milliseconds_utc > (now + longest_ban).milliseconds())
        return Error{ErrorKind::bad_data,
                     path +
                         ": expected the end of the exchange's ban, in milliseconds UTC, found \"" +
                         line.substr(0, 40) + "\"; remove the file if there is no ban"};
    return milliseconds(milliseconds_utc);
}

Result<Done> write_ban(const std::string& path, Nanos until) {
    const std::string fresh = path + ".new";
    const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return failure("open", fresh);
    const std::string text = std::to_string(until.milliseconds()) + "\n";
    const bool written =
        write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        fsync(file) == 0;
    if (close(file) != 0 || !written) return failure("write", fresh);
    if (std::rename(fresh.c_str(), path.c_str()) != 0) return failure("rename to", path);
    return Done{};
}

}  // namespace tranche
