#include "tools/compare_books.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <utility>

namespace tranche {
namespace {

using SideKey = std::pair<std::string, PositionSide>;

struct SideBooks {
    Quantity held;     // by the exchange
    Quantity ours;     // by the tranches
    Quantity stopped;  // by stops of tranches that work
    bool backstop{};
};

const char* word(PositionSide side) {
    return side == PositionSide::long_side ? "LONG" : "SHORT";
}

PositionSide side_of(PositionLeg leg, bool is_short) {
    switch (leg) {
        case PositionLeg::long_side: return PositionSide::long_side;
        case PositionLeg::short_side: return PositionSide::short_side;
        case PositionLeg::both: break;
    }
    return is_short ? PositionSide::short_side : PositionSide::long_side;
}

std::string text_of(const ClientOrderId& id) {
    const ClientOrderIdText text = encode(id);
    return {text.data(), text.size()};
}

class Comparing {
public:
    Comparing(const StoredBooks& stored, const ListedBooks& listed, const EngineSettings& settings)
        : stored_{stored}, listed_{listed}, settings_{settings} {
        for (const SymbolSettings& symbol : settings.symbols) traded_[symbol.name] = &symbol;
    }

    Comparison compare() {
        take_positions();
        take_orders();
        for (const auto& tranche : stored_.tranches) take_tranche(tranche);
        judge_sides();
        judge_orders();
        return std::move(result_);
    }

private:
    void find(FindingKind kind, const std::string& symbol, std::string about, std::string text) {
        result_.findings.push_back({kind, symbol, std::move(about), std::move(text)});
    }

    void take_positions() {
        for (const aster::ListedPosition& row : listed_.positions) {
            if (row.update.amount.zero()) continue;
            if (!traded_.contains(row.symbol)) {
                ++result_.foreign_positions;
                continue;
            }
            ++result_.positions;
            const PositionSide side = side_of(row.update.leg, row.update.amount.raw < 0);
            sides_[{row.symbol, side}].held += absolute(row.update.amount);
        }
    }

    void take_orders() {
        for (const aster::ListedOrder& row : listed_.orders) {
            const OpenOrder& order = row.order;
            if (!order.ours || order.id.instance != settings_.instance) {
                ++result_.foreign_orders;
                continue;
            }
            ++result_.orders;
            working_[text_of(order.id)] = &row;
            if (order.id.role != Role::backstop) continue;
            const PositionSide side = side_of(order.leg, order.side == Side::buy);
            sides_[{row.symbol, side}].backstop = true;
        }
    }

    /// What of `tranche` an exit of `role` covers: only one that works at the exchange counts.
    Quantity covered(const Stored<TrancheRow>& tranche, Role role) const {
        Quantity sum;
        for (const auto& [id, row] : working_) {
            const OpenOrder& order = row->order;
            if (order.id.tranche != tranche.row.id || order.id.role != role) continue;
            if (row->symbol != tranche.symbol || order.side != closing_side(tranche.row.side))
                continue;
            sum += order.quantity - order.filled;
        }
        return sum;
    }

    void take_tranche(const Stored<TrancheRow>& tranche) {
        const auto symbol = traded_.find(tranche.symbol);
        if (symbol == traded_.end()) return;
        ++result_.tranches;
        if (tranche.row.quantity.zero()) return;
        SideBooks& side = sides_[{tranche.symbol, tranche.row.side}];
        side.ours += tranche.row.quantity;
        const Quantity stopped = covered(tranche, Role::stop_loss);
        side.stopped += std::min(stopped, tranche.row.quantity);
        const bool closing = tranche.row.state == TrancheState::closing;
        // What is too small for an order of its own is left to the backstop, and recorded so.
        const bool dust = tranche.row.state == TrancheState::protected_ &&
                          tranche.row.stop_loss_order == 0 && side.backstop;
        if (symbol->second->stop_loss_enabled && stopped < tranche.row.quantity && !dust)
            miss(tranche, "stop-loss", stopped);
        const Quantity targeted = covered(tranche, Role::take_profit);
        if (symbol->second->take_profit_enabled && targeted < tranche.row.quantity && !dust &&
            !closing)
            miss(tranche, "take-profit", targeted);
    }

    void miss(const Stored<TrancheRow>& tranche, const char* exit, Quantity works) {
        find(FindingKind::exit_missing, tranche.symbol,
             fmt::format("{} {}", static_cast<std::uint32_t>(tranche.row.id), exit),
             fmt::format("tranche {} ({} #{}): its {} works for {} of {}",
                         static_cast<std::uint32_t>(tranche.row.id), word(tranche.row.side),
                         tranche.row.ordinal, exit, to_text(works), to_text(tranche.row.quantity)));
    }

    void judge_sides() {
        for (const auto& [key, side] : sides_) {
            const auto& [symbol, which] = key;
            if (side.held != side.ours)
                find(FindingKind::position, symbol, word(which),
                     fmt::format("{}: the exchange holds {}, the tranches {}", word(which),
                                 to_text(side.held), to_text(side.ours)));
            if (!side.backstop && side.stopped < side.held)
                find(FindingKind::unprotected, symbol, word(which),
                     fmt::format("{}: stops work for {} of {}, and there is no backstop",
                                 word(which), to_text(side.stopped), to_text(side.held)));
        }
    }

    void judge_orders() {
        std::set<std::string> known;
        for (const auto& order : stored_.orders) {
            const std::string id = text_of(order.row.id);
            known.insert(id);
            if (order.row.state == OrderState::unknown || order.row.state == OrderState::sent)
                find(FindingKind::order_doubted, order.symbol, id,
                     fmt::format("order {}: nobody knows yet whether it exists", id));
            else if (!working_.contains(id))
                find(
                    FindingKind::order_missing, order.symbol, id,
                    fmt::format("order {} ({}): not open at the exchange", id, order.row.order_id));
        }
        for (const auto& [id, row] : working_)
            if (!known.contains(id))
                find(FindingKind::order_unknown, row->symbol, id,
                     fmt::format("order {} ({}): open at the exchange, not in the database", id,
                                 row->order.order_id));
    }

    const StoredBooks& stored_;
    const ListedBooks& listed_;
    const EngineSettings& settings_;
    std::map<std::string, const SymbolSettings*> traded_;
    std::map<std::string, const aster::ListedOrder*> working_;  // ours, by client order id
    std::map<SideKey, SideBooks> sides_;
    Comparison result_;
};

}  // namespace

std::string_view name(FindingKind kind) {
    switch (kind) {
        case FindingKind::unprotected: return "unprotected";
        case FindingKind::position: return "position";
        case FindingKind::exit_missing: return "exit_missing";
        case FindingKind::order_unknown: return "order_unknown";
        case FindingKind::order_missing: return "order_missing";
        case FindingKind::order_doubted: return "order_doubted";
    }
    return "?";
}

Comparison compare_books(const StoredBooks& stored, const ListedBooks& listed,
                         const EngineSettings& settings) {
    return Comparing{stored, listed, settings}.compare();
}

}  // namespace tranche
