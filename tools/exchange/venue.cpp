#include "tools/exchange/venue.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace tranche::exchange {

const std::string& ListenKey::create(std::int64_t now_ms) {
    if (key_.empty())
        for (int part = 0; part < 4; ++part) key_ += fmt::format("{:016x}", random_.bits());
    until_ms_ = now_ms + life_ms_;
    return key_;
}

bool ListenKey::extend(std::int64_t now_ms) {
    if (key_.empty()) return false;
    until_ms_ = now_ms + life_ms_;
    return true;
}

bool ListenKey::expire(std::int64_t now_ms, std::string& key) {
    if (key_.empty() || now_ms < until_ms_) return false;
    key = std::move(key_);
    key_.clear();
    return true;
}

Venue::Venue(Rules the_rules, VenueOptions options, std::int64_t start_ms)
    : options_{options},
      rules{std::move(the_rules)},
      board{rules, options.candles},
      account{rules.size(), options.hedge_mode, options.balance},
      matching{rules, board, account, outbox,
               MatchingOptions{.behaviour = options.behaviour,
                               .history_limit = options.history_limit,
                               .liquidations = options.liquidations}},
      listen_key{options.seed, options.listen_key_life_ms},
      market_{rules, options.seed, start_ms - Market::step_ms, options.market},
      publisher_{rules.size()},
      feed_{rules},
      market_ms_{static_cast<double>(start_ms)},
      last_ms_{start_ms},
      funding_period_{start_ms / options.market.funding_interval_ms} {
    published_.by_symbol.resize(rules.size());
    if (options_.history_limit > 0) account.limit_history(options_.history_limit);
    if (!options_.generate) return;
    // Everybody who asks finds prices: the first step of the model quotes every symbol.
    play(start_ms, to_feed_);
}

void Venue::countdown(SymbolIndex symbol, std::int64_t delay_ms, std::int64_t now_ms) {
    std::erase_if(countdowns_, [symbol](const Countdown& one) { return one.symbol == symbol; });
    if (delay_ms > 0) countdowns_.push_back({symbol, now_ms + delay_ms});
}

void Venue::advance(std::int64_t now_ms, const Wanted& wanted, std::vector<StreamFrame>& out) {
    to_feed_.clear();
    advance(now_ms, to_feed_);
    for (const MarketEvent& event : to_feed_)
        std::visit([&](const auto& item) { feed_.add(item, now_ms, wanted, out); }, event);
    if (options_.generate && !paused_) feed_.tick(board, now_ms, wanted, out);
}

void Venue::advance(std::int64_t now_ms, std::vector<MarketEvent>& published) {
    const std::int64_t passed = std::max(now_ms - last_ms_, std::int64_t{0});
    last_ms_ = now_ms;  // also back: a clock may be set
    if (options_.generate && !paused_) {
        market_ms_ += static_cast<double>(passed) * options_.speed;
        play(now_ms, published);
    } else {
        publish(now_ms, published);
    }
    run_timers(now_ms);
}

void Venue::run_timers(std::int64_t now_ms) {
    for (std::size_t at = 0; at < countdowns_.size();) {
        if (countdowns_[at].at_ms > now_ms) {
            ++at;
            continue;
        }
        matching.cancel_all(countdowns_[at].symbol, now_ms);
        countdowns_.erase(countdowns_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    if (!options_.funding) return;
    const std::int64_t period = now_ms / options_.market.funding_interval_ms;
    if (period == funding_period_) return;
    funding_period_ = period;
    pay_funding(now_ms);
}

void Venue::play(std::int64_t now_ms, std::vector<MarketEvent>& published) {
    events_.clear();
    market_.advance(static_cast<std::int64_t>(market_ms_), events_);
    for (MarketEvent& event : events_) {
        const bool visible = std::visit(
            [&](auto& item) {
                using Event = std::remove_reference_t<decltype(item)>;
                if (!rules.at(item.symbol).trading()) return false;
                // The model's time may run faster; what the wire says is the caller's time.
                item.time_ms = now_ms;
                if constexpr (std::is_same_v<Event, Liquidation>) {
                    ++published_.generated;
                    publisher_.add(item);
                    return false;
                } else {
                    observe(item, now_ms);
                    return true;
                }
            },
            event);
        if (visible) published.push_back(event);
    }
    publish(now_ms, published);
}

void Venue::publish(std::int64_t now_ms, std::vector<MarketEvent>& published) {
    due_.clear();
    // A market that runs faster has its own seconds; otherwise they are those of the wire.
    const bool faster = options_.speed > 1 && !paused_;
    publisher_.flush(faster ? static_cast<std::int64_t>(market_ms_) : now_ms, due_);
    for (Liquidation& liquidation : due_) {
        if (liquidation.time_ms == 0) liquidation.time_ms = now_ms;
        ++published_.total;
        ++published_.by_symbol[liquidation.symbol];
        if (outbox.keep_log) outbox.log.emplace_back(LiquidationEvent{now_ms, liquidation});
        published.emplace_back(liquidation);
    }
}

void Venue::observe(const Quote& quote, std::int64_t now_ms) {
    board.apply(quote);
    matching.on(quote, now_ms);
}

void Venue::observe(const Trade& trade, std::int64_t now_ms) {
    board.apply(trade);
    matching.on(trade, now_ms);
}

void Venue::observe(const Mark& mark, std::int64_t now_ms) {
    board.apply(mark);
    matching.on(mark, now_ms);
}

void Venue::observe(std::string_view frame, std::int64_t now_ms) {
    using Json = nlohmann::json;
    const Json message = Json::parse(frame, nullptr, false);
    if (!message.is_object()) return;
    const auto data = message.find("data");
    const Json& event = data != message.end() ? *data : message;
    const auto text = [](const Json& object, const char* key) {
        const auto found = object.find(key);
        return found != object.end() && found->is_string() ? found->get<std::string>()
                                                           : std::string{};
    };
    if (!event.is_object()) return;
    const std::string kind = text(event, "e");
    const bool forced = kind == "forceOrder" && event.contains("o") && event["o"].is_object();
    const Json& order = forced ? event["o"] : event;
    const auto symbol = rules.find(text(order, "s"));
    if (!symbol || (!forced && kind != "bookTicker")) return;
    const Amount bid = amount(text(order, forced ? "ap" : "b")).value_or(Amount{});
    const Amount ask =
        forced ? bid + rules.at(*symbol).tick : amount(text(order, "a")).value_or(Amount{});
    if (bid.raw <= 0 || ask.raw <= 0) return;
    const Amount bid_size = amount(text(order, forced ? "z" : "B")).value_or(Amount{});
    const Amount ask_size = amount(text(order, forced ? "z" : "A")).value_or(Amount{});
    const std::int64_t id = board.at(*symbol).quote.update_id + 1;
    const Quote quote{*symbol, now_ms, id, bid, bid_size, ask, ask_size};
    board.apply(Mark{*symbol, now_ms, bid, bid, {}, now_ms + 3'600'000});
    matching.revalue(*symbol);
    observe(quote, now_ms);
}

}  // namespace tranche::exchange
