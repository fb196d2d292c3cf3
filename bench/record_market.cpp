#include "bench/record_market.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace tranche::bench {
namespace {

constexpr std::array order_lives{OrderState::sent, OrderState::working, OrderState::partial,
                                 OrderState::filled};
constexpr std::array tranche_lives{TrancheState::pending, TrancheState::unprotected,
                                   TrancheState::protecting, TrancheState::protected_,
                                   TrancheState::closed};

SymbolTable table_of_names(const std::vector<std::string>& names) {
    std::vector<SymbolRules> rules;
    for (const std::string& name : names) rules.push_back({.name = name});
    return SymbolTable{rules, names.size()};
}

std::vector<std::string> names_of(std::size_t symbols) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < symbols; ++i) names.push_back(fmt::format("S{:03}USDT", i));
    return names;
}

}  // namespace

RecordMarket::RecordMarket(std::size_t symbols, Nanos start, Nanos step)
    : names_{names_of(symbols)}, table_{table_of_names(names_)}, now_{start}, step_{step} {}

std::int64_t RecordMarket::below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
}

SymbolId RecordMarket::any_symbol() {
    return SymbolId{static_cast<std::uint16_t>(random_() % names_.size())};
}

Record RecordMarket::blank(RecordKind kind) {
    now_ += step_;
    Record record{};
    record.kind = kind;
    record.time = now_;
    return record;
}

Record RecordMarket::liquidation() {
    Record record = blank(RecordKind::liquidation);
    LiquidationRow& row = record.liquidation;
    row.arrival_time = now_;
    row.exchange_time = now_ - milliseconds(3 + below(20));
    row.trade_time = row.exchange_time - milliseconds(1);
    row.price = {Price::one * (100 + below(60'000))};
    row.average_price = row.price;
    row.quantity = {Quantity::one / 1000 * (1 + below(50'000))};
    row.filled = row.quantity;
    row.value = {Notional::one * (50 + below(90'000))};
    row.window_sum = row.value.raw * 3;
    row.threshold = Notional::one * 100'000;
    row.symbol = any_symbol();
    row.side = below(2) == 0 ? Side::buy : Side::sell;
    row.trade_side = row.side == Side::buy ? Side::sell : Side::buy;
    row.verdict = below(1000) == 0 ? Verdict::entered : Verdict::below_threshold;
    const std::string& name = names_[index(row.symbol)];
    std::copy(name.begin(), name.end(), row.name.begin());
    return record;
}

Record RecordMarket::tranche() {
    Record record = blank(RecordKind::tranche);
    if (tranche_states_ == tranche_lives.size() || tranches_ == 0) {
        tranche_states_ = 0;
        tranche_ = {};
        tranche_.id = TrancheId{++tranches_};
        tranche_.symbol = any_symbol();
        tranche_.episode = tranches_;
        tranche_.quantity = {Quantity::one};
        tranche_.entry = {Price::one * (100 + below(60'000))};
        tranche_.cost = {tranche_.entry.raw};
        tranche_.created = now_;
    }
    tranche_.state = tranche_lives[tranche_states_++];
    tranche_.updated = now_;
    if (is_final(tranche_.state)) {
        tranche_.closed = now_;
        tranche_.close_reason = CloseReason::take_profit;
    }
    record.tranche = tranche_;
    return record;
}

Record RecordMarket::order() {
    Record record = blank(RecordKind::order);
    if (order_states_ == order_lives.size() || orders_ == 0) {
        order_states_ = 0;
        ++orders_;
        order_ = {};
        order_.id = {.instance = 1,
                     .role = Role::entry,
                     .reserved = 0,
                     .epoch = 1,
                     .tranche = TrancheId{tranches_},
                     .generation = orders_ % 1'000'000};
        order_.order_id = 800'000'000 + orders_;
        order_.symbol = any_symbol();
        order_.price = {Price::one * (100 + below(60'000))};
        order_.quantity = {Quantity::one};
        order_.created = now_;
        order_.sent = now_ + microseconds(9);
        order_.cause_time = now_ - microseconds(3);
    }
    order_.state = order_lives[order_states_++];
    order_.updated = now_;
    record.order = order_;
    return record;
}

Record RecordMarket::fill() {
    Record record = blank(RecordKind::fill);
    FillRow& row = record.fill;
    row.id = order_.id;
    row.order_id = order_.order_id;
    row.trade_id = ++trades_;
    row.quantity = {Quantity::one / 2};
    row.price = {Price::one * (100 + below(60'000))};
    row.commission = {row.price.raw / 10'000};
    row.realized = {Notional::one};
    row.exchange_realized = row.realized;
    row.time = now_ - milliseconds(4);
    row.tranche = TrancheId{tranches_};
    row.symbol = any_symbol();
    row.maker = true;
    row.ours = true;
    return record;
}

Record RecordMarket::balance() {
    Record record = blank(RecordKind::balance);
    record.balance.wallet = {Notional::one * (10'000 + below(1'000))};
    record.balance.available = record.balance.wallet;
    return record;
}

Record RecordMarket::mixed() {
    const std::uint64_t place = turn_++ % 20;
    if (tranches_ == 0) return tranche();
    if (place < 12) return liquidation();
    if (place < 16) return order();
    if (place < 18) return tranche();
    return place == 18 ? fill() : balance();
}

}  // namespace tranche::bench
