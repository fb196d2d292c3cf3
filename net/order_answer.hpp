// What an exchange adapter and the gateway tell each other about answers, in nobody's dialect.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <span>

#include "core/clock.hpp"
#include "core/messages.hpp"
#include "net/http.hpp"
#include "net/http_connection.hpp"
#include "net/rate_limit.hpp"

namespace tranche {

/// What an answer says about the budgets.
struct RateAnswer {
    RateVerdict verdict{};
    Nanos retry_after{};  // UTC; 0 when the exchange named none
    std::array<RateUsage, RateBudget::capacity> usage{};
    std::size_t usage_count{};

    std::span<const RateUsage> all() const { return {usage.data(), usage_count}; }
};

/// The exchange's side of the gateway. `encode` and `encode_ping` write a whole request and return
/// its length, 0 for what cannot or must not be sent; `decode` fills in all of a reply but what the
/// gateway itself knows (sequence, id, kind, `sent_at`). None of them allocates.
template <class A>
concept OrderAdapter = requires(A adapter, const Command& command, const HttpResponse& response,
                                const RateAnswer& rate, Nanos now, std::span<char> out) {
    { adapter.encode(command, now, out) } -> std::same_as<std::size_t>;
    { adapter.encode_ping(out) } -> std::same_as<std::size_t>;
    { adapter.cost(command) } -> std::same_as<RateCost>;
    { adapter.read_limits(response, now) } -> std::same_as<RateAnswer>;
    { adapter.decode(command, response, rate) } -> std::same_as<Reply>;
};

/// New orders that one request may hold. Source: exchange-protocol.md §4.2.
inline constexpr std::size_t most_in_batch = 5;

/// An adapter that can put new orders, up to `most_in_batch`, into one request. `decode_batch`
/// fills in a reply for each of them, by itself; what leaves one in doubt leaves all in doubt.
template <class A>
concept BatchAdapter = OrderAdapter<A> &&
    requires(A adapter, const Command& command, std::span<const Command> commands,
             const HttpResponse& response, const RateAnswer& rate, Nanos now, std::span<char> out,
             std::span<Reply> replies) {
    { adapter.may_batch(command) } -> std::same_as<bool>;
    { adapter.batch_cost(commands) } -> std::same_as<RateCost>;
    { adapter.encode_batch(commands, now, out) } -> std::same_as<std::size_t>;
    { adapter.decode_batch(commands, response, rate, replies) } -> std::same_as<void>;
};

/// What the gateway needs of a connection; `HttpConnection` is one.
template <class C>
concept OrderConnection = requires(C connection, const C& fixed, std::span<const char> bytes,
                                   Nanos now) {
    { connection.poll(now) } -> std::same_as<HttpOutcome>;
    { connection.send(bytes, now) } -> std::same_as<bool>;
    { fixed.is_ready() } -> std::same_as<bool>;
    { fixed.response() } -> std::same_as<const HttpResponse&>;
    { fixed.first_byte_out() } -> std::same_as<Nanos>;
    { fixed.answered() } -> std::same_as<Nanos>;
};
static_assert(OrderConnection<HttpConnection>);

}  // namespace tranche
