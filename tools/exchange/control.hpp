// Subscriptions of one WebSocket connection and the control messages that change them
// (exchange-protocol.md §1.3 and §1.4).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace tranche::exchange {

struct Subscriptions {
    static constexpr std::size_t streams_max = 200;

    std::set<std::string, std::less<>> streams;
    bool combined{};

    [[nodiscard]] bool has(std::string_view stream) const { return streams.contains(stream); }
};

/// From the target of an upgrade: `/ws`, `/ws/a/b` or `/stream?streams=a/b`. Nothing for other
/// paths or for too many streams.
std::optional<Subscriptions> subscriptions_of_target(std::string_view target);

/// Applies a control message and returns the reply to send. Never fails: bad input is answered.
std::string answer_control(std::string_view text, Subscriptions& state);

}  // namespace tranche::exchange
