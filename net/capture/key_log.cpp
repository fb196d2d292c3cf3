#include "net/capture/key_log.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

namespace tranche::capture {
namespace {

constexpr std::pair<std::string_view, SecretKind> labels[] = {
    {"CLIENT_RANDOM", SecretKind::master},
    {"CLIENT_EARLY_TRAFFIC_SECRET", SecretKind::client_early},
    {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", SecretKind::client_handshake},
    {"SERVER_HANDSHAKE_TRAFFIC_SECRET", SecretKind::server_handshake},
    {"CLIENT_TRAFFIC_SECRET_0", SecretKind::client_traffic},
    {"SERVER_TRAFFIC_SECRET_0", SecretKind::server_traffic},
};

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Bytes written, 0 when it is no hexadecimal number that fits.
std::size_t from_hex(std::string_view text, std::span<char> into) {
    if (text.empty() || text.size() % 2 != 0 || text.size() / 2 > into.size()) return 0;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]);
        const int low = digit(text[i + 1]);
        if (high < 0 || low < 0) return 0;
        into[i / 2] = static_cast<char>(high * 16 + low);
    }
    return text.size() / 2;
}

/// Cuts the next word off.
std::string_view word(std::string_view& line) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        line = {};
        return {};
    }
    line.remove_prefix(begin);
    const std::string_view found = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(found.size());
    return found;
}

}  // namespace

Result<Done> KeyLog::add_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    if (!in) {
        const ErrorKind kind = errno == ENOENT ? ErrorKind::not_found : ErrorKind::io;
        return Error{kind, path + ": the key log cannot be read: " + std::strerror(errno)};
    }
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    const std::size_t before = sessions_.size();
    const std::uint64_t bad_before = bad_lines_;
    add(text);
    if (sessions_.size() == before && bad_lines_ > bad_before)
        return Error{ErrorKind::bad_data,
                     path +
                         ": is no key log; expected lines as SSLKEYLOGFILE has them, beginning "
                         "with CLIENT_RANDOM or CLIENT_TRAFFIC_SECRET_0"};
    return Done{};
}

void KeyLog::add(Bytes text) {
    std::string_view left{text.data(), text.size()};
    while (!left.empty()) {
        std::string_view line = left.substr(0, left.find('\n'));
        left.remove_prefix(line.size() < left.size() ? line.size() + 1 : line.size());
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!add_line(line)) ++bad_lines_;
    }
}

bool KeyLog::add_line(std::string_view line) {
    const std::string_view label = word(line);
    if (label.empty() || label.front() == '#') return true;
    const std::string_view random_text = word(line);
    const std::string_view secret_text = word(line);
    ClientRandom random{};
    Secret secret;
    const std::size_t length = from_hex(secret_text, secret.bytes);
    if (from_hex(random_text, random) != random.size() || length == 0) return false;
    secret.length = static_cast<std::uint8_t>(length);
    for (const auto& [name, kind] : labels)
        if (name == label) sessions_[random].by_kind[static_cast<std::size_t>(kind)] = secret;
    return true;
}

const SessionSecrets* KeyLog::find(const ClientRandom& random) const {
    const auto at = sessions_.find(random);
    return at == sessions_.end() ? nullptr : &at->second;
}

}  // namespace tranche::capture
