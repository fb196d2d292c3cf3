#include "tools/exchange/limits.hpp"

#include <fmt/format.h>

namespace tranche::exchange {

std::optional<Reject> Limits::book(const std::string& address, std::int64_t weight,
                                   std::int64_t orders, std::int64_t now_ms) {
    if (now_ms / 60'000 != minute_) {
        minute_ = now_ms / 60'000;
        weights_.clear();
        orders_1m_ = 0;
    }
    if (now_ms / 10'000 != ten_seconds_) {
        ten_seconds_ = now_ms / 10'000;
        orders_10s_ = 0;
    }
    std::int64_t& used = weights_[address];
    used += weight;
    if (used > budgets_.weight_per_minute)
        return Reject{-1003,
                      fmt::format("Too many requests; current limit is {} request weight per 1 "
                                  "MINUTE. Please use the websocket for live updates.",
                                  budgets_.weight_per_minute),
                      429};
    if (orders == 0) return std::nullopt;
    if (orders_1m_ + orders > budgets_.orders_per_minute ||
        orders_10s_ + orders > budgets_.orders_per_10_seconds)
        return Reject{-1015,
                      fmt::format("Too many new orders; current limit is {} orders per 10 SECOND "
                                  "and {} per MINUTE.",
                                  budgets_.orders_per_10_seconds, budgets_.orders_per_minute),
                      429};
    orders_1m_ += orders;
    orders_10s_ += orders;
    return std::nullopt;
}

Usage Limits::usage(const std::string& address) const {
    const auto found = weights_.find(address);
    return {.weight_1m = found == weights_.end() ? 0 : found->second,
            .orders_1m = orders_1m_,
            .orders_10s = orders_10s_};
}

std::int64_t Limits::retry_after_s(std::int64_t now_ms, bool orders) const {
    const bool short_window = orders && orders_10s_ >= budgets_.orders_per_10_seconds;
    const std::int64_t window = short_window ? 10'000 : 60'000;
    return (window - now_ms % window + 999) / 1000;
}

}  // namespace tranche::exchange
