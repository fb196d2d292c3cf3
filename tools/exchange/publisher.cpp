#include "tools/exchange/publisher.hpp"

namespace tranche::exchange {

void ForceOrderPublisher::flush(std::int64_t now_ms, std::vector<Liquidation>& out) {
    const std::int64_t interval = now_ms / interval_ms;
    if (interval == interval_) return;
    interval_ = interval;
    for (std::optional<Liquidation>& held : newest_) {
        if (held) out.push_back(*held);
        held.reset();
    }
}

}  // namespace tranche::exchange
