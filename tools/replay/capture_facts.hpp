// What a replay must know before it begins, from a first look at the capture.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "net/capture/key_log.hpp"

namespace tranche {

struct CaptureFacts {
    Nanos begin;                       // of the first packet; 0 in an empty capture
    std::string exchange_info;         // body of the first one; empty: there is none
    std::optional<ClientOrderId> own;  // of the first order that a tranche sent
};

/// Looks until everything is found, or to the end. Errors: those of opening the captures.
Result<CaptureFacts> look_through(const std::vector<std::string>& captures, capture::KeyLog& keys);

/// A parameter of a request, in its target or its body; empty when it is not there.
std::string_view parameter(std::string_view target, std::string_view body, std::string_view name);

/// The path of a target without its parameters.
std::string_view path_of(std::string_view target);

}  // namespace tranche
