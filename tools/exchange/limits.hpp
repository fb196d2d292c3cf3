// Request budgets: weight per address and orders per account, in fixed windows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "tools/exchange/order.hpp"
#include "tools/exchange/rules.hpp"

namespace tranche::exchange {

/// What the X-MBX headers say after a request.
struct Usage {
    std::int64_t weight_1m;
    std::int64_t orders_1m;
    std::int64_t orders_10s;
};

/// Counts in windows aligned to the clock, as the headers of the venue suggest.
class Limits {
public:
    explicit Limits(Budgets budgets) : budgets_{budgets} {}

    /// Books a request. 429 with -1003 (weight) or -1015 (orders) when it breaks a budget; a
    /// refused request still weighs.
    std::optional<Reject> book(const std::string& address, std::int64_t weight, std::int64_t orders,
                               std::int64_t now_ms);
    [[nodiscard]] Usage usage(const std::string& address) const;
    [[nodiscard]] const Budgets& budgets() const { return budgets_; }
    /// Seconds until the budget that refused last is renewed.
    [[nodiscard]] std::int64_t retry_after_s(std::int64_t now_ms, bool orders) const;

private:
    Budgets budgets_;
    std::unordered_map<std::string, std::int64_t> weights_;  // of the current minute
    std::int64_t minute_{-1};
    std::int64_t ten_seconds_{-1};
    std::int64_t orders_1m_{};
    std::int64_t orders_10s_{};
};

}  // namespace tranche::exchange
