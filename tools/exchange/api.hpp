// The REST side without bytes: routes a call, checks who sent it and what it may use, and answers
// with a status and a body. /fapi/v1 to v4 are served by the same handlers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tools/exchange/auth.hpp"
#include "tools/exchange/faults.hpp"
#include "tools/exchange/json_writer.hpp"
#include "tools/exchange/limits.hpp"
#include "tools/exchange/params.hpp"
#include "tools/exchange/venue.hpp"

namespace tranche::exchange {

/// One HTTP request, taken apart.
struct Call {
    std::string method;  // "GET"
    std::string path;    // without the query
    std::string query, body;
    std::string api_key;
    std::string address;  // of the peer
    std::int64_t now_us{};

    [[nodiscard]] std::int64_t now_ms() const { return now_us / 1000; }
};

struct Answer {
    unsigned status{200};
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    bool signed_call{};  // USER_DATA or TRADE, accepted by authentication
    bool trade_call{};   // one that changes orders
};

/// Serves one venue. Not thread-safe; every call is answered at once.
class Api {
public:
    Api(Venue& venue, AuthOptions auth, Budgets budgets);

    Answer handle(const Call& call);
    /// What rules of faults want to know of a call, without its parameters. Points into the call.
    [[nodiscard]] static CallFacts facts_of(const Call& call);
    [[nodiscard]] const Budgets& budgets() const { return limits_.budgets(); }

private:
    enum class Security : std::uint8_t { open, user_stream, user_data, trade };
    using Handler = Answer (Api::*)(const Call&, const Params&);
    struct Route {
        std::string_view method, name;
        Security security;
        std::int64_t weight;
        std::int64_t orders;  // booked against the order budget; a batch: per entry
        Handler handler;
    };
    static const Route* find_route(std::string_view method, std::string_view name,
                                   bool& path_known);

    Answer serve(const Route& route, const Call& call);
    std::optional<Reject> authorize(const Route& route, const Call& call, const Params& params);
    void add_usage(const Call& call, bool orders, Answer& answer) const;
    [[nodiscard]] static std::int64_t weight_of(const Route& route, const Params& params);
    [[nodiscard]] static std::int64_t orders_of(const Route& route, const Params& params);

    // api_market.cpp
    Answer ping(const Call&, const Params&);
    Answer time(const Call&, const Params&);
    Answer exchange_info(const Call&, const Params&);
    Answer depth(const Call&, const Params&);
    Answer klines(const Call&, const Params&);
    Answer premium_index(const Call&, const Params&);
    Answer ticker_price(const Call&, const Params&);
    Answer ticker_book(const Call&, const Params&);
    Answer ticker_day(const Call&, const Params&);
    template <class Write> Answer per_symbol(const Params& params, Write write);

    // api_orders.cpp
    Answer place_order(const Call&, const Params&);
    Answer test_order(const Call&, const Params&);
    Answer query_order(const Call&, const Params&);
    Answer open_order(const Call&, const Params&);
    Answer modify_order(const Call&, const Params&);
    Answer cancel_order(const Call&, const Params&);
    Answer place_batch(const Call&, const Params&);
    Answer modify_batch(const Call&, const Params&);
    Answer cancel_batch(const Call&, const Params&);
    Answer cancel_all(const Call&, const Params&);
    Answer countdown(const Call&, const Params&);
    Answer open_orders(const Call&, const Params&);
    Answer all_orders(const Call&, const Params&);
    Answer noop(const Call&, const Params&);
    Answer place_strategy(const Call&, const Params&);
    std::variant<std::string, Reject> place(const Params& params, std::int64_t now_ms);
    std::variant<std::string, Reject> modify(const Params& params, std::int64_t now_ms);
    std::variant<std::string, Reject> cancel(const Params& params, std::int64_t now_ms);
    std::variant<const Order*, Reject> find_order(const Params& params, int unknown_code) const;
    template <class One> Answer batch(const Params& params, One one);

    // api_algo.cpp: conditional orders where they live apart
    Answer place_algo(const Call&, const Params&);
    Answer query_algo(const Call&, const Params&);
    Answer cancel_algo(const Call&, const Params&);
    Answer open_algos(const Call&, const Params&);
    [[nodiscard]] const Order* find_algo(const Params& params) const;
    [[nodiscard]] std::string algo_object(const Order& order) const;
    /// Whether an order is the service's, and none of the matching engine yet.
    [[nodiscard]] bool is_algo(const Order& order) const {
        return venue_.options().algo_service && order.waiting();
    }

    // api_account.cpp
    Answer balance(const Call&, const Params&);
    Answer account(const Call&, const Params&);
    Answer position_risk(const Call&, const Params&);
    Answer user_trades(const Call&, const Params&);
    Answer income(const Call&, const Params&);
    Answer get_dual(const Call&, const Params&);
    Answer set_dual(const Call&, const Params&);
    Answer get_multi(const Call&, const Params&);
    Answer set_multi(const Call&, const Params&);
    Answer set_leverage(const Call&, const Params&);
    Answer set_margin_type(const Call&, const Params&);
    Answer leverage_bracket(const Call&, const Params&);
    Answer commission_rate(const Call&, const Params&);
    Answer agents(const Call&, const Params&);
    Answer open_listen_key(const Call&, const Params&);
    Answer keep_listen_key(const Call&, const Params&);
    Answer close_listen_key(const Call&, const Params&);
    template <class Write> void each_position(const Params& params, Write write);

    // api_control.cpp: what happens to the account and its symbols, by the hand of a test
    std::optional<Answer> happening(const Call& call);
    Answer cause(std::string_view what, const Params& params, SymbolIndex symbol,
                 std::int64_t now_ms);

    // ledger.cpp: what checks from outside ask, beside the venue's own paths
    Answer simulator(const Call& call);
    [[nodiscard]] std::string ledger(std::int64_t now_ms) const;
    [[nodiscard]] std::string order_history() const;

    /// The symbol that a call names, or the refusal to send.
    std::variant<SymbolIndex, Reject> symbol_of(const Params& params) const;

    Venue& venue_;
    Authenticator auth_;
    Limits limits_;
};

/// 200 with a body.
Answer ok(std::string body);
/// The venue's error object.
Answer refuse(const Reject& reject);
std::string error_object(const Reject& reject);
/// True for addresses that may use the paths below /sim.
bool from_loopback(std::string_view address);

}  // namespace tranche::exchange
