#include "net/aster/credentials.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "net/aster/sign.hpp"

namespace tranche::aster {
namespace {

constexpr std::size_t longest_credential = 4096;
constexpr std::size_t shortest_api_credential = 20;

Error refuse(std::string message) {
    return {ErrorKind::credentials, std::move(message)};
}

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Closes a file at the end of a scope.
struct Descriptor {
    int number;
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
};

/// Bits that make a file readable by somebody who should not read it.
mode_t forbidden_bits(const struct stat& about, bool from_systemd) {
    // systemd grants a service its credentials by an access list, and the list's mask shows as the
    // group's bits although no group may read; such files belong to root, not to the service.
    if (from_systemd && about.st_uid == 0 && ::geteuid() != 0) return 037;
    return 077;
}

Result<Secret> read_file(const std::string& path, const std::string& what, bool from_systemd) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.number < 0)
        return refuse(what + ": cannot open " + path + ": " + std::strerror(errno) +
                      "; name a file that this user can read");
    struct stat about {};
    if (::fstat(file.number, &about) != 0 || !S_ISREG(about.st_mode))
        return refuse(what + ": " + path + " is not a regular file");
    if ((about.st_mode & forbidden_bits(about, from_systemd)) != 0)
        return refuse(what + ": " + path + " can be read or written by others; run: chmod 600 " +
                      path);
    std::array<char, longest_credential + 1> content;
    std::size_t length = 0;
    ssize_t got = 0;
    do {
        got = ::read(file.number, content.data() + length, content.size() - length);
        if (got > 0) length += static_cast<std::size_t>(got);
    } while (got > 0 && length < content.size());
    const int error = errno;
    Secret secret{trimmed({content.data(), std::min(length, longest_credential)})};
    wipe(content);
    if (got < 0) return refuse(what + ": cannot read " + path + ": " + std::strerror(error));
    if (length > longest_credential)
        return refuse(what + ": " + path + " is longer than 4096 bytes; it holds something else");
    if (secret.empty()) return refuse(what + ": " + path + " is empty");
    return secret;
}

/// Where one credential may come from; null names are not among its sources.
struct Source {
    const char* variable;       // holds the value itself
    const char* file_variable;  // holds the path of a file
    const char* file;           // name in $CREDENTIALS_DIRECTORY
};

std::string sources_of(const Source& source) {
    std::string text;
    if (source.variable != nullptr) text += source.variable;
    if (source.file_variable != nullptr)
        text += (text.empty() ? "" : " or ") + std::string{source.file_variable};
    return text;
}

Result<Secret> find(const Source& source) {
    if (source.variable != nullptr) {
        const std::string_view value = trimmed(environment(source.variable));
        if (!value.empty()) return Secret{value};
    }
    if (source.file_variable != nullptr) {
        const std::string path{environment(source.file_variable)};
        if (!path.empty()) return read_file(path, source.file_variable, false);
    }
    const std::string directory{environment("CREDENTIALS_DIRECTORY")};
    const std::string path = directory + "/" + source.file;
    if (!directory.empty() && ::access(path.c_str(), F_OK) == 0)
        return read_file(path, source.file, true);
    return refuse("credentials: set " + sources_of(source) + ", or put the file " + source.file +
                  " into $CREDENTIALS_DIRECTORY");
}

/// Texts people leave in from a sample file.
bool is_placeholder(std::string_view text) {
    std::string lower{text};
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::array<std::string_view, 8> marks{"your_",   "your-", "yourapi",     "changeme",
                                                    "change_", "<",     "placeholder", "example"};
    return std::ranges::any_of(
               marks,
               [&lower](std::string_view mark) { return lower.find(mark) != std::string::npos; }) ||
           std::ranges::all_of(lower, [&lower](char c) { return c == lower.front(); });
}

Result<Done> check_api_credential(std::string_view text, const std::string& what) {
    if (is_placeholder(text))
        return refuse("credentials: " + what + " still is a placeholder; set the real value");
    if (text.size() < shortest_api_credential)
        return refuse("credentials: " + what + " has " + std::to_string(text.size()) +
                      " characters, fewer than the 20 a real one has at least");
    const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
    if (!printable)
        return refuse("credentials: " + what + " holds a blank or a character outside ASCII");
    return Done{};
}

Result<Credentials> load_v3() {
    constexpr Source key_source{nullptr, "TRANCHE_SIGNER_KEY_FILE", "signer_key"};
    constexpr Source user_source{"TRANCHE_USER", nullptr, "user"};
    auto key = find(key_source);
    if (!key) return key.error();
    // Whether it is a key is asked here rather than at the first order.
    const auto signer = WalletSigner::create(key.value(), 1);
    if (!signer) return refuse("credentials: signer_key: " + signer.error().message);
    const auto user = find(user_source);
    if (!user) return user.error();
    std::string address{user.value().reveal()};
    if (!is_address(address))
        return refuse(
            "credentials: TRANCHE_USER is no address: expected 0x and 40 hex digits whose mixed "
            "case, if any, is the checksum; copy it from the exchange's API page");
    return Credentials{AuthScheme::v3, std::move(key).value(), std::move(address), {}};
}

Result<Credentials> load_v1() {
    constexpr Source key_source{"API_KEY", nullptr, "api_key"};
    constexpr Source secret_source{"API_SECRET", "API_SECRET_FILE", "api_secret"};
    const auto key = find(key_source);
    if (!key) return key.error();
    if (const auto checked = check_api_credential(key.value().reveal(), "API_KEY"); !checked)
        return checked.error();
    auto secret = find(secret_source);
    if (!secret) return secret.error();
    if (const auto checked = check_api_credential(secret.value().reveal(), "API_SECRET"); !checked)
        return checked.error();
    return Credentials{
        AuthScheme::v1, std::move(secret).value(), {}, std::string{key.value().reveal()}};
}

}  // namespace

Result<Credentials> load_credentials(AuthScheme scheme) {
    switch (scheme) {
        case AuthScheme::v3: return load_v3();
        case AuthScheme::v1: return load_v1();
    }
    return refuse("credentials: unknown authentication scheme");
}

}  // namespace tranche::aster
