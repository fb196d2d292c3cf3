// An exchange without generated market: tests say what the market does.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tools/exchange/order_entry.hpp"
#include "tools/exchange/venue.hpp"

namespace tranche::exchange::test {

/// A decimal that the test wrote and that must be right.
inline Amount dec(std::string_view text) {
    const auto value = amount(text);
    if (!value) throw std::invalid_argument("not a decimal: " + std::string{text});
    return *value;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

inline Params params_of(const Fields& fields) {
    Params params;
    for (const auto& [name, value] : fields) params.add(name, value);
    return params;
}

/// One venue with BTCUSDT at 100 000 (tick 0.1, step 0.001) and a hand for time and prices.
class World {
public:
    explicit World(bool hedge_mode, Behaviour behaviour = {}, bool liquidations = false)
        : venue{Rules::standard(),
                VenueOptions{.hedge_mode = hedge_mode,
                             .generate = false,
                             .behaviour = behaviour,
                             .liquidations = liquidations},
                start_ms},
          btc{*venue.rules.find("BTCUSDT")} {
        quote("99999.9", "100000");
        mark("100000");
        trade("100000", true);
        venue.outbox = {};
    }

    void quote(std::string_view bid, std::string_view ask, std::string_view size = "1") {
        const Quote made{btc, now_ms, ++update_id, dec(bid), dec(size), dec(ask), dec(size)};
        venue.board.apply(made);
        venue.matching.on(made, now_ms);
    }
    void mark(std::string_view price) {
        const Mark made{btc, now_ms, dec(price), dec(price), {}, now_ms + 1000};
        venue.board.apply(made);
        venue.matching.on(made, now_ms);
    }
    void trade(std::string_view price, bool sold, std::string_view quantity = "0.001") {
        const Trade made{btc, now_ms, ++trade_id, dec(price), dec(quantity), sold};
        venue.board.apply(made);
        venue.matching.on(made, now_ms);
    }

    /// 0 if accepted, else the code of the refusal; the order is in `last`.
    int place(const Fields& fields) {
        const auto read = read_order(params_of(fields), venue.rules, venue.account.hedge_mode);
        if (const auto* refused = std::get_if<Reject>(&read)) return refused->code;
        const auto placed = venue.matching.place(std::get<NewOrder>(read), now_ms);
        if (const auto* refused = std::get_if<Reject>(&placed)) return refused->code;
        last = std::get<OrderId>(placed);
        return 0;
    }
    /// Text of the user event at `index`.
    std::string payload(std::size_t index) const {
        return user_payload(venue.rules, venue.outbox.user.at(index));
    }
    const Order& order(OrderId id) const { return *venue.matching.find(id); }
    const Order& order() const { return order(last); }
    const Position& position(PositionSide side) const { return venue.account.position(btc, side); }

    static constexpr std::int64_t start_ms = 1'795'000'000'000;
    std::int64_t now_ms{start_ms};
    Venue venue;
    SymbolIndex btc;
    OrderId last{};
    std::int64_t update_id{};
    std::int64_t trade_id{};
};

/// Fields of common orders on BTCUSDT; `more` is appended.
inline Fields order_of(std::string side, std::string type, Fields more) {
    Fields fields{{"symbol", "BTCUSDT"}, {"side", std::move(side)}, {"type", std::move(type)}};
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}
inline Fields limit_of(std::string side, std::string quantity, std::string price,
                       Fields more = {}) {
    Fields fields = order_of(std::move(side), "LIMIT",
                             {{"quantity", std::move(quantity)}, {"price", std::move(price)}});
    fields.insert(fields.end(), more.begin(), more.end());
    for (const auto& [name, value] : more)
        if (name == "timeInForce") return fields;
    fields.emplace_back("timeInForce", "GTC");
    return fields;
}
inline Fields market_of(std::string side, std::string quantity, Fields more = {}) {
    more.emplace_back("quantity", std::move(quantity));
    return order_of(std::move(side), "MARKET", std::move(more));
}

}  // namespace tranche::exchange::test
