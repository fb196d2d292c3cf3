#include <algorithm>
#include <map>

#include "tools/rebuild.hpp"

namespace tranche {
namespace {

struct Share {
    Quantity quantity;
    Notional cost;
};

using Shares = std::map<TrancheId, Share>;

void apply(Share& share, Role role, const PastTrade& trade) {
    if (role == Role::entry) {
        share.quantity += trade.quantity;
        share.cost += trade.price * trade.quantity;
        return;
    }
    const Quantity taken = std::min(share.quantity, trade.quantity);
    if (!taken.positive()) return;
    // what is left keeps its average
    share.cost -=
        Notional{divide(Wide{share.cost.raw} * taken.raw, share.quantity.raw, Rounding::down)};
    share.quantity -= taken;
}

Shares by_trades(const SideEvidence& evidence) {
    std::map<std::int64_t, ClientOrderId> names;
    for (const PastOrder& order : evidence.orders) names[order.order_id] = order.id;
    Shares shares;
    for (const PastTrade& trade : evidence.trades) {
        const auto named = names.find(trade.order_id);
        if (named == names.end() || named->second.tranche == no_tranche) continue;
        apply(shares[named->second.tranche], named->second.role, trade);
    }
    std::erase_if(shares, [](const auto& entry) { return entry.second.quantity.zero(); });
    return shares;
}

/// Of two stops of one tranche one is on its way out: the larger one covers it.
Shares by_stops(const SideEvidence& evidence) {
    Shares shares;
    for (const aster::ListedOrder& listed : evidence.open) {
        const OpenOrder& order = listed.order;
        if (order.id.role != Role::stop_loss || order.id.tranche == no_tranche) continue;
        if (order.side != closing_side(evidence.side)) continue;
        Share& share = shares[order.id.tranche];
        share.quantity = std::max(share.quantity, order.quantity - order.filled);
    }
    return shares;
}

Quantity sum(const Shares& shares) {
    Quantity total;
    for (const auto& [id, share] : shares) total += share.quantity;
    return total;
}

/// Newest generation of each role, so that no id comes twice.
void count_generations(const SideEvidence& evidence, TrancheRow& row) {
    const auto see = [&row](const ClientOrderId& id) {
        if (id.tranche != row.id) return;
        switch (id.role) {
            case Role::entry:
                row.entry_generation = std::max(row.entry_generation, id.generation);
                return;
            case Role::take_profit:
                row.take_profit_generation = std::max(row.take_profit_generation, id.generation);
                return;
            case Role::stop_loss:
                row.stop_loss_generation = std::max(row.stop_loss_generation, id.generation);
                return;
            case Role::close:
                row.close_generation = std::max(row.close_generation, id.generation);
                return;
            case Role::backstop: return;
        }
    };
    for (const PastOrder& order : evidence.orders) see(order.id);
    for (const aster::ListedOrder& order : evidence.open) see(order.order.id);
}

}  // namespace

SideRebuilt rebuild_side(const SideEvidence& evidence) {
    const Shares traded = by_trades(evidence);
    Shares shares = by_stops(evidence);
    if (sum(shares) != evidence.held) shares = traded;
    SideRebuilt rebuilt;
    if (sum(shares) != evidence.held) return rebuilt;
    std::uint32_t ordinal = 0;
    for (auto& [id, share] : shares) {
        const auto known = traded.find(id);
        if (known != traded.end() && known->second.quantity == share.quantity) {
            share.cost = known->second.cost;
        } else {
            share.cost = evidence.entry * share.quantity;
            rebuilt.exact = false;
        }
        TrancheRow& row = rebuilt.tranches.emplace_back();
        row.id = id;
        row.episode = 1;
        row.ordinal = ordinal++;
        row.side = evidence.side;
        row.state = TrancheState::unprotected;
        row.quantity = row.entered = share.quantity;
        row.cost = share.cost;
        row.entry = {
            divide(Wide{share.cost.raw} * Quantity::one, share.quantity.raw, Rounding::down)};
        count_generations(evidence, row);
    }
    return rebuilt;
}

}  // namespace tranche
