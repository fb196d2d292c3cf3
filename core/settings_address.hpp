// Addresses in the settings: where the exchange is, and where the status page listens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tranche {

/// True for 127.0.0.0/8, ::1 and localhost: what never leaves this host.
bool is_loopback(std::string_view host);

/// What is wrong with `url`, or nothing: `secure`://host[:port], or `plain`://… to a loopback host.
std::optional<std::string> problem_of_url(std::string_view url, std::string_view secure,
                                          std::string_view plain);

/// An address to listen on.
struct ListenAddress {
    std::string address;  // numeric, IPv6 without brackets
    std::uint16_t port;   // 0: any that is free
    bool loopback;
};

/// Reads `addr:port`, `[addr]:port` or `localhost:port`; nothing for anything else.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace tranche
