#include "tools/exchange/behaviour.hpp"

#include "tools/exchange/random.hpp"

namespace tranche::exchange {

Behaviour draw_behaviour(std::uint64_t seed) {
    Random random{mix(seed ^ 0x62656861U)};
    const auto flag = [&random] { return random.chance(0.5); };
    Behaviour drawn;
    drawn.close_position_needs_position = flag();
    drawn.one_close_position_a_side = flag();
    drawn.stops_share_position = flag();
    drawn.stop_needs_position = flag();
    drawn.over_close = flag() ? OverClose::trim : OverClose::refuse;
    drawn.open_id_code = flag() ? -4116 : -4015;
    drawn.closed_id_code = random.chance(0.25) ? drawn.open_id_code : 0;
    drawn.trigger_changes_order_id = flag();
    drawn.trigger_changes_client_id = drawn.trigger_changes_order_id && flag();
    drawn.trigger_announces_expiry = flag();
    drawn.protect_keeps_order = flag();
    drawn.post_only_refused = flag();
    if (flag()) drawn.appears_after_ms = static_cast<std::int64_t>(random.uniform(1, 400));
    drawn.forced_shape = static_cast<ForcedShape>(random.bits() % 4);
    if (flag()) drawn.position_lag_ms = static_cast<std::int64_t>(random.uniform(1, 1000));
    drawn.self_trade = static_cast<SelfTrade>(random.bits() % 4);
    drawn.noop_of_used_succeeds = flag();
    drawn.strategy_exits = static_cast<StrategyExits>(random.bits() % 3);
    return drawn;
}

}  // namespace tranche::exchange
