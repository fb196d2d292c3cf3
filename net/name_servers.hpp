// Names asked of name servers that the settings choose, without blocking. Cold.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/address_book.hpp"

namespace tranche {

/// Asks `servers` (`ADDRESS:PORT`, `[ADDRESS]:PORT`) instead of the system's; the hosts file and
/// numeric addresses count as they do for the system's resolver. c-ares does the work.
std::unique_ptr<NameLookup> make_server_lookup(const std::vector<std::string>& servers);

/// Whoever the settings choose: `servers`, or the system's resolver when there are none.
std::unique_ptr<NameLookup> make_lookup(const std::vector<std::string>& servers);

/// Looks `host` up and waits for the outcome: for a start, which can do nothing before it.
/// Errors (unavailable): names the host, who was asked and the reason.
Result<std::vector<SocketAddress>> resolve_by(NameLookup& lookup, const std::string& host,
                                              std::uint16_t port);

}  // namespace tranche
