#include "net/feed_arbiter.hpp"

namespace tranche {
namespace {

/// Folds values into 64 bits, the last step of splitmix64 (Vigna, public domain) after each.
class Mark {
public:
    explicit Mark(EventKind kind) : bits_{static_cast<std::uint64_t>(kind) + 1} {}

    Mark& with(std::int64_t value) {
        std::uint64_t z = bits_ * 0x9E3779B97F4A7C15U + static_cast<std::uint64_t>(value);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        bits_ = z ^ (z >> 31);
        return *this;
    }
    template <class Enum> Mark& with_enum(Enum value) {
        return with(static_cast<std::int64_t>(value));
    }
    std::uint64_t bits() const { return bits_; }

private:
    std::uint64_t bits_;
};

}  // namespace

std::uint64_t FeedArbiter::mark_of_liquidation(const Event& event) {
    const Liquidation& body = event.liquidation;
    return Mark{event.kind}
        .with_enum(event.symbol)
        .with_enum(body.side)
        .with(body.trade_time.count)
        .with(body.price.raw)
        .with(body.quantity.raw)
        .with(body.filled.raw)
        .bits();
}

/// Without the time it was pushed: an old report that is told anew is the same report.
std::uint64_t FeedArbiter::mark_of_order(const Event& event) {
    const OrderUpdate& body = event.order_update;
    return Mark{event.kind}
        .with_enum(event.symbol)
        .with(body.order_id)
        .with(body.trade_id)
        .with(body.trade_time.count)
        .with(body.filled.raw)
        .with(body.last_quantity.raw)
        .with_enum(body.execution)
        .with_enum(body.status)
        .with_enum(body.type)
        .bits();
}

std::uint64_t FeedArbiter::mark_of_balance(const Event& event) {
    const BalanceUpdate& body = event.balance_update;
    return Mark{event.kind}
        .with_enum(body.asset)
        .with(body.exchange_time.count)
        .with(body.wallet.raw)
        .with(body.cross_wallet.raw)
        .bits();
}

std::uint64_t FeedArbiter::mark_of_position(const Event& event) {
    const PositionUpdate& body = event.position_update;
    return Mark{event.kind}
        .with_enum(event.symbol)
        .with_enum(body.leg)
        .with(body.exchange_time.count)
        .with(body.amount.raw)
        .with(body.entry_price.raw)
        .with(body.unrealized.raw)
        .with(body.isolated ? 1 : 0)
        .bits();
}

std::uint64_t FeedArbiter::mark_of_notice(const Event& event) {
    const AccountNotice& body = event.account_notice;
    return Mark{event.kind}
        .with_enum(event.symbol)
        .with_enum(body.kind)
        .with(body.exchange_time.count)
        .with(body.leverage)
        .with(body.flag ? 1 : 0)
        .bits();
}

}  // namespace tranche
