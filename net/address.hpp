// Where a peer is: URLs of the settings, host names, socket addresses. Cold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include "core/result.hpp"
#include "core/settings_address.hpp"

struct addrinfo;

namespace tranche {

/// A peer's place as written in a URL, checked.
struct Endpoint {
    bool websocket{};      // ws/wss rather than http/https
    bool secure{};         // TLS; only a loopback host may do without
    std::string host;      // lower case, without brackets: the name TLS checks and SNI sends
    std::uint16_t port{};  // 1…65535
    std::string prefix;    // path before every target, without a trailing slash; may be empty

    /// Value of the `Host` header: brackets around IPv6, port only where it is not the scheme's.
    std::string host_header() const;
};

/// Parses `https://host[:port][/prefix]`, `wss://…`, and `http`/`ws` for loopback hosts.
/// Errors (settings): names the URL, the part that is wrong and what is expected.
Result<Endpoint> parse_url(std::string_view url);

/// True when `host` is an IP address rather than a name.
bool is_ip_address(std::string_view host);

/// One address to connect to.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length{};

    /// `192.0.2.1:443` or `[2001:db8::1]:443`.
    std::string text() const;
};

bool operator==(const SocketAddress& a, const SocketAddress& b);

/// All addresses of a host in the resolver's order; asks the network and blocks, so only ever at
/// start or on a cold thread. Errors (unavailable): names the host and the resolver's reason.
Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port);

/// How `resolve` asks.
addrinfo resolver_hints(const std::string& host);
/// What `resolve` makes of an answer, which it frees: `failed` as getaddrinfo returns it.
Result<std::vector<SocketAddress>> read_resolver_answer(const std::string& host, int failed,
                                                        addrinfo* found);

}  // namespace tranche
