#include "tools/exchange/limits.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace tranche::exchange {
namespace {

constexpr std::int64_t longest_ban_s = 3 * 86'400;

Reject banned(const std::string& address, std::int64_t until_ms) {
    return {-1003,
            fmt::format("Way too many requests; IP({}) banned until {}. Please use the websocket "
                        "for live updates to avoid bans.",
                        address, until_ms),
            418};
}

}  // namespace

std::optional<Reject> Limits::book(const std::string& address, std::int64_t weight,
                                   std::int64_t orders, std::int64_t now_ms) {
    if (now_ms / 60'000 != minute_) {
        minute_ = now_ms / 60'000;
        std::erase_if(records_, [](const auto& entry) { return entry.second.bans == 0; });
        for (auto& [from, record] : records_) record.weight = record.refusals = 0;
        orders_1m_ = 0;
    }
    if (now_ms / 10'000 != ten_seconds_) {
        ten_seconds_ = now_ms / 10'000;
        orders_10s_ = 0;
    }
    Record& record = records_[address];
    if (now_ms < record.banned_until_ms) return banned(address, record.banned_until_ms);
    record.weight += weight;
    if (record.weight > budgets_.weight_per_minute)
        return refuse(record,
                      {-1003,
                       fmt::format("Too many requests; current limit is {} request weight per 1 "
                                   "MINUTE. Please use the websocket for live updates.",
                                   budgets_.weight_per_minute),
                       429},
                      address, now_ms);
    if (orders == 0) return std::nullopt;
    if (orders_1m_ + orders > budgets_.orders_per_minute ||
        orders_10s_ + orders > budgets_.orders_per_10_seconds)
        return refuse(record,
                      {-1015,
                       fmt::format("Too many new orders; current limit is {} orders per 10 SECOND "
                                   "and {} per MINUTE.",
                                   budgets_.orders_per_10_seconds, budgets_.orders_per_minute),
                       429},
                      address, now_ms);
    orders_1m_ += orders;
    orders_10s_ += orders;
    return std::nullopt;
}

Reject Limits::refuse(Record& record, Reject reject, const std::string& address,
                      std::int64_t now_ms) {
    if (++record.refusals <= budgets_.ban_after) return reject;
    const std::int64_t doublings = std::min(record.bans++, std::int64_t{12});
    record.refusals = 0;
    record.banned_until_ms = now_ms + 1000 * std::min(budgets_.ban_s << doublings, longest_ban_s);
    return banned(address, record.banned_until_ms);
}

Usage Limits::usage(const std::string& address) const {
    const auto found = records_.find(address);
    return {.weight_1m = found == records_.end() ? 0 : found->second.weight,
            .orders_1m = orders_1m_,
            .orders_10s = orders_10s_};
}

std::int64_t Limits::retry_after_s(const std::string& address, std::int64_t now_ms,
                                   bool orders) const {
    const auto found = records_.find(address);
    if (found != records_.end() && now_ms < found->second.banned_until_ms)
        return (found->second.banned_until_ms - now_ms + 999) / 1000;
    const bool short_window = orders && orders_10s_ >= budgets_.orders_per_10_seconds;
    const std::int64_t window = short_window ? 10'000 : 60'000;
    return (window - now_ms % window + 999) / 1000;
}

}  // namespace tranche::exchange
