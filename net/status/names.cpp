#include "net/status/names.hpp"

namespace tranche {

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::entered: return "entered";
        case Verdict::not_configured: return "not_configured";
        case Verdict::duplicate: return "duplicate";
        case Verdict::malformed: return "malformed";
        case Verdict::below_threshold: return "below_threshold";
        case Verdict::cooling_down: return "cooling_down";
        case Verdict::entries_off: return "entries_off";
        case Verdict::paused: return "paused";
        case Verdict::symbol_not_trading: return "symbol_not_trading";
        case Verdict::side_blocked: return "side_blocked";
        case Verdict::no_book: return "no_book";
        case Verdict::price_out_of_bounds: return "price_out_of_bounds";
        case Verdict::size_impossible: return "size_impossible";
        case Verdict::size_overshoot: return "size_overshoot";
        case Verdict::symbol_limit: return "symbol_limit";
        case Verdict::total_limit: return "total_limit";
        case Verdict::order_limit: return "order_limit";
        case Verdict::conditional_limit: return "conditional_limit";
        case Verdict::tranche_limit: return "tranche_limit";
        case Verdict::against_position: return "against_position";
        case Verdict::rate_governor: return "rate_governor";
        case Verdict::loss_governor: return "loss_governor";
        case Verdict::no_capacity: return "no_capacity";
        case Verdict::imported: return "imported";
    }
    return "?";
}

std::string_view name_of(Mode mode) {
    switch (mode) {
        case Mode::boot: return "boot";
        case Mode::reconcile: return "reconcile";
        case Mode::protect_only: return "protect_only";
        case Mode::trading: return "trading";
        case Mode::drain: return "drain";
        case Mode::flatten: return "flatten";
        case Mode::halt: return "halt";
    }
    return "?";
}

std::string_view name_of(TrancheState state) {
    switch (state) {
        case TrancheState::pending: return "pending";
        case TrancheState::unprotected: return "unprotected";
        case TrancheState::protecting: return "protecting";
        case TrancheState::protected_: return "protected";
        case TrancheState::adjusting: return "adjusting";
        case TrancheState::closing: return "closing";
        case TrancheState::closed: return "closed";
        case TrancheState::merged: return "merged";
        case TrancheState::discarded: return "discarded";
    }
    return "?";
}

std::string_view name_of(OrderState state) {
    switch (state) {
        case OrderState::sent: return "sent";
        case OrderState::unknown: return "unknown";
        case OrderState::working: return "working";
        case OrderState::partial: return "partial";
        case OrderState::cancelling: return "cancelling";
        case OrderState::filled: return "filled";
        case OrderState::canceled: return "canceled";
        case OrderState::expired: return "expired";
        case OrderState::rejected: return "rejected";
        case OrderState::dropped: return "dropped";
    }
    return "?";
}

std::string_view name_of(OrderType type) {
    switch (type) {
        case OrderType::limit: return "LIMIT";
        case OrderType::market: return "MARKET";
        case OrderType::stop: return "STOP";
        case OrderType::stop_market: return "STOP_MARKET";
        case OrderType::take_profit: return "TAKE_PROFIT";
        case OrderType::take_profit_market: return "TAKE_PROFIT_MARKET";
        case OrderType::trailing_stop_market: return "TRAILING_STOP_MARKET";
        case OrderType::liquidation: return "LIQUIDATION";
        case OrderType::unknown: return "UNKNOWN";
    }
    return "?";
}

std::string_view name_of(CloseReason reason) {
    switch (reason) {
        case CloseReason::none: return "none";
        case CloseReason::take_profit: return "take_profit";
        case CloseReason::stop_loss: return "stop_loss";
        case CloseReason::market_close: return "market_close";
        case CloseReason::operator_close: return "operator_close";
        case CloseReason::unattributed: return "unattributed";
        case CloseReason::liquidation: return "liquidation";
        case CloseReason::deleveraging: return "deleveraging";
        case CloseReason::merged: return "merged";
        case CloseReason::vanished: return "vanished";
    }
    return "?";
}

std::string_view name_of(AlarmKind kind) {
    switch (kind) {
        case AlarmKind::unprotected_too_long: return "unprotected_too_long";
        case AlarmKind::order_unknown: return "order_unknown";
        case AlarmKind::protection_rejected: return "protection_rejected";
        case AlarmKind::position_differs: return "position_differs";
        case AlarmKind::clock_offset: return "clock_offset";
        case AlarmKind::credentials_refused: return "credentials_refused";
        case AlarmKind::margin_call: return "margin_call";
        case AlarmKind::forced_close: return "forced_close";
        case AlarmKind::rate_limited: return "rate_limited";
        case AlarmKind::banned: return "banned";
        case AlarmKind::user_stream_lost: return "user_stream_lost";
        case AlarmKind::market_stream_lost: return "market_stream_lost";
        case AlarmKind::stop_placed_at_limit: return "stop_placed_at_limit";
        case AlarmKind::governor_tripped: return "governor_tripped";
        case AlarmKind::adopted: return "adopted";
        case AlarmKind::foreign_epoch: return "foreign_epoch";
        case AlarmKind::entry_rejected: return "entry_rejected";
        case AlarmKind::exchange_unreachable: return "exchange_unreachable";
        case AlarmKind::control_refused: return "control_refused";
        case AlarmKind::size_overshoot: return "size_overshoot";
        case AlarmKind::exit_removed: return "exit_removed";
        case AlarmKind::order_limit: return "order_limit";
        case AlarmKind::position_mode: return "position_mode";
        case AlarmKind::filters_doubted: return "filters_doubted";
        case AlarmKind::agent_expires: return "agent_expires";
        case AlarmKind::stream_gap: return "stream_gap";
        case AlarmKind::answers_changed: return "answers_changed";
        case AlarmKind::storage: return "storage";
        case AlarmKind::records_lost: return "records_lost";
    }
    return "?";
}

std::string_view name_of(Role role) {
    switch (role) {
        case Role::entry: return "entry";
        case Role::take_profit: return "take_profit";
        case Role::stop_loss: return "stop_loss";
        case Role::close: return "close";
        case Role::backstop: return "backstop";
    }
    return "?";
}

std::string_view name_of(TimeInForce time_in_force) {
    switch (time_in_force) {
        case TimeInForce::gtc: return "GTC";
        case TimeInForce::ioc: return "IOC";
        case TimeInForce::fok: return "FOK";
        case TimeInForce::gtx: return "GTX";
    }
    return "?";
}

std::string_view name_of(Side side) {
    switch (side) {
        case Side::buy: return "BUY";
        case Side::sell: return "SELL";
    }
    return "?";
}

std::string_view name_of(PositionSide side) {
    switch (side) {
        case PositionSide::long_side: return "LONG";
        case PositionSide::short_side: return "SHORT";
    }
    return "?";
}

std::string_view trade_status(OrderState state) {
    switch (state) {
        case OrderState::sent: return "NEW";
        case OrderState::unknown: return "UNKNOWN";
        case OrderState::working: return "NEW";
        case OrderState::partial: return "PARTIALLY_FILLED";
        case OrderState::cancelling: return "CANCELLING";
        case OrderState::filled: return "FILLED";
        case OrderState::canceled: return "CANCELED";
        case OrderState::expired: return "EXPIRED";
        case OrderState::rejected: return "REJECTED";
        case OrderState::dropped: return "DROPPED";
    }
    return "?";
}

std::string_view explain(Verdict verdict) {
    switch (verdict) {
        case Verdict::entered: return "an order was placed";
        case Verdict::not_configured: return "the symbol is not among the configured ones";
        case Verdict::duplicate: return "the same event was seen within 5 s";
        case Verdict::malformed: return "no usable price or quantity";
        case Verdict::below_threshold: return "volume in the window is below the threshold";
        case Verdict::cooling_down: return "the symbol cools down after its last trigger";
        case Verdict::entries_off: return "the mode does not allow entries";
        case Verdict::paused: return "entries are off until an operator resumes";
        case Verdict::symbol_not_trading: return "the exchange does not trade the symbol now";
        case Verdict::side_blocked:
            return "this side is being reconciled, a stop is missing or an order's fate unknown";
        case Verdict::no_book: return "no best bid and ask, or they are too old";
        case Verdict::price_out_of_bounds: return "the price would break a price filter";
        case Verdict::size_impossible: return "the filters leave no quantity";
        case Verdict::size_overshoot: return "the smallest possible order is too large";
        case Verdict::symbol_limit: return "max_position_usdt of the symbol is used up";
        case Verdict::total_limit: return "max_total_exposure_usdt is used up";
        case Verdict::order_limit: return "too many open entry orders on the symbol";
        case Verdict::conditional_limit: return "no room for another stop order";
        case Verdict::tranche_limit: return "all tranches of this side are in use";
        case Verdict::against_position: return "one-way mode: it would reduce the position";
        case Verdict::rate_governor: return "entries or notional per minute are used up";
        case Verdict::loss_governor: return "a loss limit is reached; off until resumed";
        case Verdict::no_capacity: return "a table of ours is full";
        case Verdict::imported: return "taken over from the old bot, which kept no reason";
    }
    return "?";
}

}  // namespace tranche
