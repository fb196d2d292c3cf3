// The listening socket of the status page.
#pragma once

#include <cstdint>

#include "core/result.hpp"
#include "core/settings.hpp"

namespace tranche {

struct Listener {
    int descriptor;
    std::uint16_t port;
};

/// A non-blocking listening socket on a literal address. Errors (`unavailable`): address, port,
/// reason and cure; (`settings`): the address is no literal.
Result<Listener> listen_on(const StatusSettings& settings);

}  // namespace tranche
