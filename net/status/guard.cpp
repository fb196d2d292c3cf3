#include "net/status/guard.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tranche {
namespace {

constexpr std::size_t token_bytes = 32;
constexpr std::size_t shortest_token = 32;  // characters, of one somebody wrote by hand
constexpr std::size_t longest_token = 256;

struct Descriptor {
    int number;
    explicit Descriptor(int opened) : number{opened} {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number >= 0) close(number);
    }
};

std::string lower(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

bool is_address(const std::string& text) {
    std::array<std::byte, sizeof(in6_addr)> ignored;
    return inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
           inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

/// `Host` or the authority of an origin: name and port, brackets taken off.
std::pair<std::string, std::string> split_authority(std::string_view authority) {
    std::size_t colon = authority.rfind(':');
    if (!authority.empty() && authority.front() == '[') {
        const std::size_t end = authority.find(']');
        if (end == std::string_view::npos) return {};
        const auto rest = authority.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') return {};
        return {lower(authority.substr(1, end - 1)),
                std::string{rest.empty() ? "" : rest.substr(1)}};
    }
    if (colon == std::string_view::npos) return {lower(authority), {}};
    return {lower(authority.substr(0, colon)), std::string{authority.substr(colon + 1)}};
}

bool is_json(std::string_view content_type) {
    return lower(content_type.substr(0, content_type.find(';'))) == "application/json";
}

Error file_error(ErrorKind kind, const std::string& path, std::string_view what) {
    return {kind, fmt::format("status.token_file {}: {}", path, what)};
}

Result<std::string> create_token(const std::string& path) {
    std::array<unsigned char, token_bytes> random;
    if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
        return file_error(ErrorKind::io, path, "the kernel gave no random bytes");
    std::string token;
    for (const unsigned char byte : random) token += fmt::format("{:02x}", byte);
    const Descriptor file{open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    const std::string line = token + "\n";
    if (file.number < 0 ||
        write(file.number, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
        fsync(file.number) != 0)
        return file_error(
            ErrorKind::cannot_write, path,
            fmt::format("cannot be created ({}); make the folder or name another file",
                        std::strerror(errno)));
    return token;
}

Result<std::string> read_token(const std::string& path, int file) {
    struct stat about {};
    if (fstat(file, &about) != 0) return file_error(ErrorKind::io, path, std::strerror(errno));
    if (!S_ISREG(about.st_mode)) return file_error(ErrorKind::credentials, path, "is no file");
    if ((about.st_mode & 077U) != 0)
        return file_error(ErrorKind::credentials, path,
                          fmt::format("others can read it; run: chmod 600 {}", path));
    std::array<char, longest_token + 2> text;
    const ssize_t length = read(file, text.data(), text.size());
    if (length < 0) return file_error(ErrorKind::io, path, std::strerror(errno));
    std::string token{text.data(), static_cast<std::size_t>(length)};
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    const bool printable =
        std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (token.size() < shortest_token || token.size() > longest_token || !printable)
        return file_error(ErrorKind::credentials, path,
                          "must hold one line of 32 to 256 visible characters; delete it and it "
                          "is made anew");
    return token;
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    volatile unsigned char difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference = static_cast<unsigned char>(
            difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
    return difference == 0;
}

Result<std::string> ensure_token(const std::string& path) {
    const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.number >= 0) return read_token(path, file.number);
    if (errno == ENOENT) return create_token(path);
    return file_error(ErrorKind::credentials, path, std::strerror(errno));
}

Guard::Guard(std::string address, std::uint16_t port, std::string token)
    : address_{std::move(address)},
      port_{std::to_string(port)},
      token_{std::move(token)},
      wildcard_{address_ == "0.0.0.0" || address_ == "::"} {}

bool Guard::host_allowed(std::string_view authority) const {
    const auto host = split_authority(authority);
    if (host.first.empty() || (!host.second.empty() && host.second != port_)) return false;
    if (host.first == "localhost" || host.first == "127.0.0.1" || host.first == "::1") return true;
    return wildcard_ ? is_address(host.first) : host.first == address_;
}

std::optional<Refusal> Guard::admit(const Credentials& credentials) const {
    if (host_allowed(credentials.host)) return std::nullopt;
    return Refusal{421, "this host name is not served here; use the address the page was given"};
}

std::optional<Refusal> Guard::check_token(std::string_view authorization, Nanos now) {
    if (now < locked_until_) return Refusal{429, "too many wrong tokens; wait and try again"};
    constexpr std::string_view scheme = "Bearer ";
    const bool bearer = authorization.substr(0, scheme.size()) == scheme;
    if (bearer && equal_in_constant_time(authorization.substr(scheme.size()), token_)) {
        failures_ = 0;
        return std::nullopt;
    }
    if (bearer && ++failures_ >= free_failures) {
        const int doublings = std::min(failures_ - free_failures, 6);
        locked_until_ = now + std::min(seconds(std::int64_t{1} << doublings), longest_delay);
    }
    return Refusal{401,
                   "a command needs Authorization: Bearer with the token of status.token_file"};
}

std::optional<Refusal> Guard::admit_command(const Credentials& credentials, Nanos now) {
    constexpr std::string_view scheme = "http://";
    const std::string_view origin = credentials.origin;
    if (!origin.empty() && (origin.substr(0, scheme.size()) != scheme ||
                            lower(origin.substr(scheme.size())) != lower(credentials.host)))
        return Refusal{403, "commands are taken from this page only, not from another origin"};
    const std::string_view site = credentials.fetch_site;
    if (!site.empty() && site != "same-origin" && site != "none")
        return Refusal{403, "commands are taken from this page only, not from another site"};
    if (needs_token()) {
        if (const auto refused = check_token(credentials.authorization, now)) return refused;
    } else if (credentials.intent != "1") {
        return Refusal{403, "a command needs the header X-Tranche: 1"};
    }
    if (!is_json(credentials.content_type))
        return Refusal{415, "a command needs Content-Type: application/json"};
    return std::nullopt;
}

}  // namespace tranche
