#include "core/settings_address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace tranche {
namespace {

bool is_ipv4(const std::string& host) {
    in_addr ignored{};
    return inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}
bool is_ipv6(const std::string& host) {
    in6_addr ignored{};
    return inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

bool is_host_name(std::string_view host) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
    };
    constexpr std::size_t longest = 253;
    return !host.empty() && host.size() <= longest && host.front() != '.' && host.front() != '-' &&
           std::all_of(host.begin(), host.end(), allowed);
}

struct HostPort {
    std::string host;  // without brackets
    std::optional<std::uint16_t> port;
    bool bracketed{};
};

std::optional<HostPort> split(std::string_view text) {
    HostPort result;
    std::size_t end = text.find(':');
    if (text.starts_with('[')) {
        const auto bracket = text.find(']');
        if (bracket == std::string_view::npos) return std::nullopt;
        result.host = text.substr(1, bracket - 1);
        result.bracketed = true;
        if (!is_ipv6(result.host)) return std::nullopt;
        end = bracket + 1;
        if (end < text.size() && text[end] != ':') return std::nullopt;
    } else {
        result.host = text.substr(0, end);
    }
    if (end >= text.size()) return result;
    const std::string_view digits = text.substr(end + 1);
    std::uint16_t port = 0;
    const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || last != digits.data() + digits.size()) return std::nullopt;
    result.port = port;
    return result;
}

}  // namespace

bool is_loopback(std::string_view host) {
    const std::string name{host};
    if (name == "localhost") return true;
    in6_addr six{};
    if (inet_pton(AF_INET6, name.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
    return is_ipv4(name) && name.starts_with("127.");
}

std::optional<std::string> problem_of_url(std::string_view url, std::string_view secure,
                                          std::string_view plain) {
    const std::string wanted = "expected " + std::string{secure} + "://host[:port]";
    const auto colon = url.find("://");
    const std::string_view scheme = colon == std::string_view::npos ? "" : url.substr(0, colon);
    if (scheme != secure && scheme != plain) return "is not usable, " + wanted;
    const auto place = split(url.substr(colon + 3));
    const bool good = place && (place->bracketed || is_host_name(place->host)) &&
                      (!place->port || *place->port != 0);
    if (!good) return "is not usable, " + wanted;
    if (scheme == plain && !is_loopback(place->host))
        return "is not encrypted, " + wanted + "; " + std::string{plain} +
               " is for loopback hosts only";
    return std::nullopt;
}

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
    const auto place = split(text);
    if (!place || !place->port) return std::nullopt;
    const std::string host = place->host == "localhost" ? "127.0.0.1" : place->host;
    if (!place->bracketed && !is_ipv4(host)) return std::nullopt;
    return ListenAddress{host, *place->port, is_loopback(host)};
}

}  // namespace tranche
