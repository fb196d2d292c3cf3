// The state machines of orders and tranches as one table each: a move that is not in it is a bug
// of ours and stops the process. Source: reference-behaviour.md §4.7.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "core/numbers.hpp"
#include "core/rows.hpp"

namespace tranche {

/// For each state the states it may be left for. Final states are never left.
template <class State, std::size_t Count> class Transitions {
public:
    struct Row {
        State from;
        std::initializer_list<State> to;
    };
    constexpr Transitions(std::initializer_list<Row> rows) {
        for (const Row& row : rows)
            for (const State to : row.to) allowed_[index(row.from)] |= bit(to);
    }
    constexpr bool allows(State from, State to) const {
        return (allowed_[index(from)] & bit(to)) != 0;
    }

private:
    static constexpr std::size_t index(State state) { return static_cast<std::size_t>(state); }
    static constexpr std::uint16_t bit(State state) {
        return static_cast<std::uint16_t>(1U << index(state));
    }
    std::array<std::uint16_t, Count> allowed_{};
};

/// INTENT and SENT of the specification are one state here: an order is decided and handed to the
/// gateway in the same event. PLACING and REPLACING of a protective order are `sent`, with the
/// order it replaces among the tranche's retiring ones. `unknown` is left by a proof, never by a
/// second order (reliability-model.md §2.2).
inline constexpr Transitions<OrderState, 10> order_transitions = [] {
    using enum OrderState;
    return Transitions<OrderState, 10>{
        {sent, {unknown, working, partial, filled, canceled, expired, rejected, dropped}},
        {unknown, {working, partial, filled, canceled, expired, rejected, dropped}},
        {working, {partial, cancelling, filled, canceled, expired, rejected}},
        {partial, {cancelling, filled, canceled, expired, rejected}},
        {cancelling, {filled, canceled, expired, rejected}},
    };
}();

/// A tranche that was adopted begins pending too and is filled in the same event.
inline constexpr Transitions<TrancheState, 9> tranche_transitions = [] {
    using enum TrancheState;
    return Transitions<TrancheState, 9>{
        {pending, {unprotected, discarded}},
        {unprotected, {protecting, protected_, adjusting, closing, closed, merged}},
        {protecting, {unprotected, protected_, adjusting, closing, closed, merged}},
        {protected_, {unprotected, protecting, adjusting, closing, closed, merged}},
        {adjusting, {unprotected, protecting, protected_, closing, closed, merged}},
        {closing, {unprotected, protecting, protected_, adjusting, closed, merged}},
    };
}();

/// Where the exchange's word puts an order of which so much is filled.
constexpr OrderState state_of(OrderStatus status, Quantity filled) {
    switch (status) {
        case OrderStatus::partially_filled: return OrderState::partial;
        case OrderStatus::filled: return OrderState::filled;
        case OrderStatus::canceled: return OrderState::canceled;
        case OrderStatus::expired: return OrderState::expired;
        case OrderStatus::rejected: return OrderState::rejected;
        case OrderStatus::created:
        case OrderStatus::none:
        case OrderStatus::unknown: break;
    }
    return filled.positive() ? OrderState::partial : OrderState::working;
}

static_assert(!order_transitions.allows(OrderState::filled, OrderState::canceled) &&
                  !tranche_transitions.allows(TrancheState::closed, TrancheState::unprotected),
              "what is final stays final");

}  // namespace tranche
