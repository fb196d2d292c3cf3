// Commands: the only answers with an effect. Each becomes one control message for the engine.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "net/status/answers.hpp"
#include "net/status/json.hpp"
#include "net/status/names.hpp"

namespace tranche {
namespace {

std::optional<PositionSide> side_named(std::string_view name) {
    if (name == name_of(PositionSide::long_side)) return PositionSide::long_side;
    if (name == name_of(PositionSide::short_side)) return PositionSide::short_side;
    return std::nullopt;
}

constexpr unsigned accepted = 202;  // the engine carries it out, or refuses it with an alarm

Answer send(const AnswerContext& context, const Control& command, SymbolId symbol,
            std::string_view message, unsigned status = 200) {
    if (!context.sources.control) return error_answer(503, "this instance takes no commands");
    const auto sent = context.sources.control(command, symbol);
    if (!sent) return error_answer(409, sent.error().message);
    Answer answer;
    answer.status = status;
    JsonWriter json{answer.body};
    json.begin_object();
    json.field("success", true);
    json.field("request", command.request);
    json.field("message", message);
    json.end_object();
    return answer;
}

/// Ordinals of a merge; nothing unless the body is as documented.
std::optional<std::vector<std::uint32_t>> ordinals_of(std::string_view body) {
    const auto document = nlohmann::json::parse(body, nullptr, false);
    if (!document.is_object() || document.size() != 1 || !document.contains("ordinals"))
        return std::nullopt;
    const auto& list = document.at("ordinals");
    if (!list.is_array() || list.size() < 2 || list.size() > Control{}.tranches.size())
        return std::nullopt;
    std::vector<std::uint32_t> ordinals;
    for (const auto& entry : list) {
        if (!entry.is_number_unsigned()) return std::nullopt;
        const auto number = entry.get<std::uint64_t>();
        if (number > UINT32_MAX) return std::nullopt;
        ordinals.push_back(static_cast<std::uint32_t>(number));
    }
    std::sort(ordinals.begin(), ordinals.end());
    if (std::adjacent_find(ordinals.begin(), ordinals.end()) != ordinals.end()) return std::nullopt;
    return ordinals;
}

/// Why the engine would not merge these, as far as the board tells; empty when nothing is in the
/// way. The board may be behind, so the engine judges once more.
std::string merge_obstacle(const BoardView& view, SymbolId symbol, PositionSide side,
                           const std::vector<std::uint32_t>& ordinals) {
    if (!view.engine().reconciled || view.symbol(symbol).reconciling[index(side)])
        return "the side is being reconciled; try again when it agrees with the exchange";
    for (const std::uint32_t ordinal : ordinals) {
        const auto name = "tranche " + std::to_string(ordinal);
        const auto& open = view.tranches();
        const auto row = std::find_if(open.begin(), open.end(), [&](const TrancheRow& one) {
            return one.symbol == symbol && one.side == side && one.ordinal == ordinal;
        });
        if (row == open.end()) return name + " is not open";
        if (row->state != TrancheState::protected_)
            return name + " is not protected but " + std::string{name_of(row->state)};
        const auto& orders = view.orders();
        if (std::any_of(orders.begin(), orders.end(), [&](const OrderRow& order) {
                return order.id.role == Role::entry && order.id.tranche == row->id;
            }))
            return name + " has an entry pending";
    }
    return {};
}

}  // namespace

Answer control(const AnswerContext& context, std::string_view verb, std::uint64_t request) {
    Control command{};
    command.request = request;
    if (verb == "pause") {
        command.kind = ControlKind::pause;
        return send(context, command, no_symbol, "no new entries; protection goes on");
    }
    if (verb == "resume") {
        command.kind = ControlKind::resume;
        return send(context, command, no_symbol, "entries are allowed again");
    }
    if (verb == "flatten") {
        command.kind = ControlKind::flatten;
        return send(context, command, no_symbol, "closing every position");
    }
    return error_answer(404, "no such command: use pause, resume or flatten");
}

Answer close_position(const AnswerContext& context, std::string_view symbol, std::string_view side,
                      std::uint64_t request) {
    const SymbolId id = context.sources.symbols.find(symbol);
    if (id == no_symbol) return error_answer(404, "no such symbol");
    const auto which = side_named(side);
    if (!which) return error_answer(404, "no such side: use LONG or SHORT");
    const auto& open = context.view.tranches();
    const bool held = std::any_of(open.begin(), open.end(), [&](const TrancheRow& row) {
        return row.symbol == id && row.side == *which && row.quantity.positive();
    });
    if (!held && context.view.symbol(id).position[index(*which)].zero())
        return error_answer(404, "no position on this side");
    Control command{};
    command.request = request;
    command.kind = ControlKind::close_position;
    command.side = *which;
    return send(context, command, id, "closing the position");
}

Answer merge(const AnswerContext& context, std::string_view symbol, std::string_view side,
             std::string_view body, std::uint64_t request) {
    const SymbolId id = context.sources.symbols.find(symbol);
    if (id == no_symbol) return error_answer(404, "no such symbol");
    const auto which = side_named(side);
    if (!which) return error_answer(404, "no such side: use LONG or SHORT");
    const auto ordinals = ordinals_of(body);
    if (!ordinals)
        return error_answer(
            400, "the body must be {\"ordinals\": [a, b, …]} with 2 to 16 different ordinals");
    const std::string obstacle = merge_obstacle(context.view, id, *which, *ordinals);
    if (!obstacle.empty()) return error_answer(409, obstacle);
    Control command{};
    command.request = request;
    command.kind = ControlKind::merge;
    command.side = *which;
    command.tranche_count = static_cast<std::uint16_t>(ordinals->size());
    std::copy(ordinals->begin(), ordinals->end(), command.tranches.begin());
    return send(context, command, id, "merging the tranches", accepted);
}

}  // namespace tranche
