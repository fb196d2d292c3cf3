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
    std::set<std::string, std::less<>> events;  // only these of the account's; empty: all
    bool combined{};

    [[nodiscard]] bool has(std::string_view stream) const { return streams.contains(stream); }
    /// Whether a payload of one of the streams is wanted.
    [[nodiscard]] bool takes(std::string_view payload) const;
};

/// From the target of an upgrade: `/ws`, `/ws/a/b` or `/stream?streams=a/b`. Nothing for other
/// paths or for too many streams.
std::optional<Subscriptions> subscriptions_of_target(std::string_view target);

/// The same where best prices are below `/public`, the market below `/market` and the account at
/// `/private/ws?listenKey=K&events=A/B`. A stream at the wrong address is silent.
std::optional<Subscriptions> subscriptions_of_split_target(std::string_view target);

/// Applies a control message and returns the reply to send. Never fails: bad input is answered.
std::string answer_control(std::string_view text, Subscriptions& state);

}  // namespace tranche::exchange
