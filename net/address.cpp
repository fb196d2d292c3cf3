#include "net/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>

namespace tranche {
namespace {

struct Scheme {
    std::string_view text;
    bool websocket;
    bool secure;
    std::uint16_t port;
};
constexpr std::array<Scheme, 4> schemes{{{"https://", false, true, 443},
                                         {"wss://", true, true, 443},
                                         {"http://", false, false, 80},
                                         {"ws://", true, false, 80}}};

constexpr std::size_t longest_host = 253;  // RFC 1035, text form without the root dot

Error bad_url(std::string_view url, std::string_view what) {
    return {ErrorKind::settings, "URL \"" + std::string{url} + "\": " + std::string{what}};
}

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > longest_host) return false;
    if (!is_letter_or_digit(host.front()) || !is_letter_or_digit(host.back())) return false;
    return std::all_of(host.begin(), host.end(), [](char c) {
        return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
    });
}

bool is_path(std::string_view path) {
    return std::all_of(path.begin(), path.end(), [](char c) {
        return is_letter_or_digit(c) ||
               std::string_view{"-._~!$&'()*+,;=:@%/"}.find(c) != std::string_view::npos;
    });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (port == 0 || port > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(port);
}

/// Takes the host from the front of `rest`; what remains is empty or `:port`.
std::optional<std::string> take_host(std::string_view& rest) {
    std::string host;
    if (rest.starts_with('[')) {
        const std::size_t close = rest.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        host = std::string{rest.substr(1, close - 1)};
        rest.remove_prefix(close + 1);
        in6_addr ignored{};
        if (inet_pton(AF_INET6, host.c_str(), &ignored) != 1) return std::nullopt;
    } else {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        host = std::string{rest.substr(0, colon)};
        rest.remove_prefix(colon);
        if (!is_host_name(host)) return std::nullopt;
    }
    std::transform(host.begin(), host.end(), host.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return host;
}

}  // namespace

std::string Endpoint::host_header() const {
    std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (secure ? 443 : 80)) text += ":" + std::to_string(port);
    return text;
}

Result<Endpoint> parse_url(std::string_view url) {
    const auto scheme = std::find_if(schemes.begin(), schemes.end(),
                                     [&](const Scheme& s) { return url.starts_with(s.text); });
    if (scheme == schemes.end())
        return bad_url(url,
                       "must begin with https:// or wss:// (http:// and ws:// only for "
                       "loopback hosts)");
    Endpoint endpoint{scheme->websocket, scheme->secure, {}, scheme->port, {}};
    std::string_view rest = url.substr(scheme->text.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view path = rest.substr(slash);
    rest = rest.substr(0, slash);

    const std::optional<std::string> host = take_host(rest);
    if (!host) return bad_url(url, "the host must be a name, an IPv4 address or [an IPv6 address]");
    endpoint.host = *host;
    if (!rest.empty()) {
        const std::optional<std::uint16_t> port =
            rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
        if (!port) return bad_url(url, "the port must be a number from 1 to 65535");
        endpoint.port = *port;
    }
    while (path.ends_with('/')) path.remove_suffix(1);
    if (!is_path(path))
        return bad_url(url,
                       "the path may only hold letters, digits and -._~!$&'()*+,;=:@%/; no "
                       "query or fragment");
    endpoint.prefix = std::string{path};
    if (!endpoint.secure && !is_loopback(endpoint.host))
        return bad_url(url,
                       "unencrypted connections are only allowed to this machine (localhost, "
                       "127.0.0.0/8, ::1); use " +
                           std::string{endpoint.websocket ? "wss://" : "https://"});
    return endpoint;
}

bool is_ip_address(std::string_view host) {
    const std::string text{host};
    in6_addr room{};  // large enough for either family
    return inet_pton(AF_INET, text.c_str(), &room) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &room) == 1;
}

std::string SocketAddress::text() const {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    const int failed =
        getnameinfo(reinterpret_cast<const sockaddr*>(&storage), length, host.data(), host.size(),
                    port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
    if (failed != 0) return "(no address)";
    const std::string name{host.data()};
    return (storage.ss_family == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
}

bool operator==(const SocketAddress& a, const SocketAddress& b) {
    return a.length == b.length && std::memcmp(&a.storage, &b.storage, a.length) == 0;
}

addrinfo resolver_hints(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | (is_ip_address(host) ? AI_NUMERICHOST : AI_ADDRCONFIG);
    return hints;
}

Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port) {
    const addrinfo hints = resolver_hints(host);
    addrinfo* found = nullptr;
    const int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    return read_resolver_answer(host, failed, found);
}

Result<std::vector<SocketAddress>> read_resolver_answer(const std::string& host, int failed,
                                                        addrinfo* found) {
    if (failed != 0) {
        const std::string reason =
            failed == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(failed);
        return Error{ErrorKind::unavailable, "cannot find the address of \"" + host +
                                                 "\": " + reason +
                                                 ". Check the name and the DNS settings "
                                                 "of this machine."};
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, &freeaddrinfo};
    std::vector<SocketAddress> addresses;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        if (one->ai_addrlen > sizeof(sockaddr_storage)) continue;
        SocketAddress address;
        std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
        address.length = one->ai_addrlen;
        addresses.push_back(address);
    }
    if (addresses.empty()) return Error{ErrorKind::unavailable, "\"" + host + "\" has no address"};
    return addresses;
}

}  // namespace tranche
