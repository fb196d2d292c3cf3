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
    /// refused request still weighs, and an address that goes on is banned: 418.
    std::optional<Reject> book(const std::string& address, std::int64_t weight, std::int64_t orders,
                               std::int64_t now_ms);
    /// As if nothing had been asked yet: for tests that start a client more often than anybody.
    void forget() { records_.clear(); }
    [[nodiscard]] Usage usage(const std::string& address) const;
    [[nodiscard]] const Budgets& budgets() const { return budgets_; }
    /// Seconds until the budget that refused last is renewed, or the ban ends.
    [[nodiscard]] std::int64_t retry_after_s(const std::string& address, std::int64_t now_ms,
                                             bool orders) const;

private:
    /// What an address has to answer for.
    struct Record {
        std::int64_t weight{};    // of the current minute
        std::int64_t refusals{};  // of the current minute
        std::int64_t bans{};
        std::int64_t banned_until_ms{};
    };

    Reject refuse(Record& record, Reject reject, const std::string& address, std::int64_t now_ms);

    Budgets budgets_;
    std::unordered_map<std::string, Record> records_;
    std::int64_t minute_{-1};
    std::int64_t ten_seconds_{-1};
    std::int64_t orders_1m_{};
    std::int64_t orders_10s_{};
};

}  // namespace tranche::exchange
