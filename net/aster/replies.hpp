// What an answer to an order request means. In doubt an order may exist: only codes on an allow
// list prove that it does not. Source: reliability-model.md §2.1; exchange-protocol.md §4.5, §9.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <simdjson.h>
#include <string_view>

#include "core/messages.hpp"
#include "net/http.hpp"
#include "net/order_answer.hpp"

namespace tranche::aster {

/// True when an answer with `code` (HTTP 4xx) proves that the command had no effect.
bool is_certain_rejection(CommandKind kind, std::int64_t code);

/// The exchange's rules for the symbol may not be those we know (tick, step, limits, status).
bool doubts_rules(std::int64_t code);
/// The exchange found our time too far from its own.
bool doubts_clock(std::int64_t code);
/// The exchange found that the order does not fit the account's position mode.
bool doubts_mode(std::int64_t code);

/// What the headers, and the text of a ban, say about the budgets.
RateAnswer read_limits(const HttpResponse& response, Nanos now);

/// Reads answers. Allocates only when made; one thread.
class ReplyDecoder {
public:
    ReplyDecoder();

    /// Everything of a reply but what the gateway knows itself.
    Reply decode(const Command& command, const HttpResponse& response, const RateAnswer& rate);

    /// The same for new orders that were sent as one request, each by itself. What answers them as
    /// a whole, other than that nothing was looked at, leaves all of them in doubt.
    void decode_batch(std::span<const Command> commands, const HttpResponse& response,
                      const RateAnswer& rate, std::span<Reply> replies);

    /// Members of answers that no version of the exchange known to us sends: ignored, and a sign
    /// that its answers change (reliability-model.md X13).
    std::uint64_t unknown_members() const { return unknown_members_; }
    /// Answers with status 200 that are not the order they should be: each counts as unknown.
    std::uint64_t unreadable() const { return unreadable_; }

    /// What the newest answer said of a conditional order that lives apart; zeroes where it was
    /// about another kind.
    struct AlgoIds {
        std::int64_t algo_id{};
        std::int64_t order_id{};  // of the order that came of it, once it has fired
    };
    AlgoIds algo_ids() const { return algo_ids_; }

private:
    static constexpr std::size_t longest_body = 16 * 1024;  // an order needs less than one

    /// Members of an order or an error object; views into the parser's memory.
    struct Body {
        bool is_object{};
        bool has_code{};
        std::int64_t code{};
        std::string_view message;
        std::int64_t order_id{};
        std::string_view client_order_id;
        std::string_view status;
        std::string_view filled;
        std::string_view average_price;
        std::string_view price;
        std::string_view quantity;
        std::int64_t update_time{};
        AlgoIds algo;  // with `client_order_id` and `status` its own
        std::int64_t strategy_id{};
        std::string_view client_strategy_id;
        std::optional<std::int64_t> failure;  // 0: none
    };
    Body read(const HttpResponse& response);
    bool read_list(const HttpResponse& response, std::span<Body> bodies);
    bool open(const HttpResponse& response, simdjson::ondemand::document& document);
    bool read_members(simdjson::ondemand::object object, Body& body);
    bool read_member(std::string_view key, simdjson::ondemand::value value, Body& body);
    static bool is_about(const Command& command, const Body& body, std::int64_t order_id);
    static bool accept(const Command& command, const Body& body, Reply& reply);
    static bool accept_algo(const Command& command, const Body& body, Reply& reply);
    static bool accept_noop(const Body& body, Reply& reply);
    static bool accept_strategy(const Command& command, const Body& body, Reply& reply);
    static void refuse(const Command& command, const Body& body, Reply& reply);

    AlgoIds algo_ids_{};
    simdjson::ondemand::parser parser_;
    std::array<char, longest_body + simdjson::SIMDJSON_PADDING> copy_{};
    std::uint64_t unknown_members_{};
    std::uint64_t unreadable_{};
};

}  // namespace tranche::aster
