// What the API answers, without any HTTP: a request in, status and JSON out. Paths and shapes:
// reference-behaviour.md §10, interfaces.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/status/board_view.hpp"
#include "net/status/recent.hpp"
#include "net/status/sources.hpp"

namespace tranche {

/// A request that passed the guard. Views live as long as the call.
struct Request {
    std::string_view method;
    std::string_view path;
    std::string_view body;
    std::vector<std::pair<std::string, std::string>> query;

    /// The first value of a parameter.
    std::optional<std::string_view> parameter(std::string_view name) const;
};

struct Answer {
    unsigned status{200};
    std::string_view content_type{"application/json; charset=utf-8"};
    std::string body;
    std::string allow{};  // header Allow, with 405
};

/// `{"error": message}`.
Answer error_answer(unsigned status, std::string_view message);

/// All that an answer may be made of.
struct AnswerContext {
    const StatusSources& sources;
    const BoardView& view;
    const Recent& recent;
    Nanos now;
};

/// Reads the parameters of history queries: limit 1…1000, hours 1…8760, symbol.
/// Errors (kind `usage` or `not_found`): the parameter, its value, what was expected.
Result<HistoryQuery> history_query(const Request& request, const AnswerContext& context,
                                   std::size_t limit, std::int64_t hours);

// From the board and from memory.
Answer overview(const AnswerContext& context);
/// 200 when ready to trade, 503 with the reasons when not.
Answer health(const AnswerContext& context);
Answer account(const AnswerContext& context);
Answer stats(const AnswerContext& context);
Answer latency(const AnswerContext& context);
Answer symbols(const AnswerContext& context);
Answer alarms(const AnswerContext& context);
Answer open_orders(const AnswerContext& context);
Answer open_tranches(const AnswerContext& context);
Answer positions(const AnswerContext& context);
Answer symbol_tranches(const AnswerContext& context, std::string_view symbol);
Answer position(const AnswerContext& context, std::string_view symbol, std::string_view side);

// From the database.
Answer liquidations(const AnswerContext& context, const Request& request);
Answer decisions(const AnswerContext& context, const Request& request);
Answer trades(const AnswerContext& context, const Request& request);
Answer trade(const AnswerContext& context, std::string_view order_id);
Answer tranche_history(const AnswerContext& context, const Request& request);
Answer merge_history(const AnswerContext& context, const Request& request);

// Commands.
Answer control(const AnswerContext& context, std::string_view verb, std::uint64_t request);
Answer close_position(const AnswerContext& context, std::string_view symbol, std::string_view side,
                      std::uint64_t request);
/// Body: `{"ordinals": [0, 1]}`, 2…16 of them. 202 when the engine was asked; 409 with the reason
/// when one of them is not open, not protected or has an entry pending, or the side does not agree
/// with the exchange.
Answer merge(const AnswerContext& context, std::string_view symbol, std::string_view side,
             std::string_view body, std::uint64_t request);

}  // namespace tranche
