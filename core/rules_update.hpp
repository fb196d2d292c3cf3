// A symbol's rules as the event that tells the engine of them.
#pragma once

#include "core/messages.hpp"
#include "core/symbols.hpp"

namespace tranche {

inline RulesUpdate rules_update(const SymbolRules& rules) {
    RulesUpdate update{};
    update.tick = rules.tick;
    update.min_price = rules.min_price;
    update.max_price = rules.max_price;
    update.step = rules.step;
    update.min_quantity = rules.min_quantity;
    update.max_quantity = rules.max_quantity;
    update.market_step = rules.market_step;
    update.market_min_quantity = rules.market_min_quantity;
    update.market_max_quantity = rules.market_max_quantity;
    update.min_notional = rules.min_notional;
    update.multiplier_up = rules.multiplier_up;
    update.multiplier_down = rules.multiplier_down;
    update.max_orders = rules.max_orders;
    update.max_conditional_orders = rules.max_conditional_orders;
    update.trading = rules.trading;
    return update;
}

}  // namespace tranche
