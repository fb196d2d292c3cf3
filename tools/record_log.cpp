#include "tools/record_log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "net/status/names.hpp"

namespace tranche {
namespace {

std::string_view symbol_of(const SymbolTable& symbols, SymbolId id) {
    return id == no_symbol || index(id) >= symbols.size() ? "-" : symbols.name(id);
}

std::string order_line(const OrderRow& order, const SymbolTable& symbols) {
    const ClientOrderIdText text = encode(order.id);
    return fmt::format(
        "order symbol={} role={} side={} state={} quantity={} price={} stop={} "
        "filled={} code={} id={}",
        symbol_of(symbols, order.symbol), name_of(order.id.role), name_of(order.side),
        name_of(order.state), to_text(order.quantity), to_text(order.price),
        to_text(order.stop_price), to_text(order.filled), order.code,
        std::string_view{text.data(), text.size()});
}

std::string tranche_line(const TrancheRow& row, const SymbolTable& symbols) {
    return fmt::format(
        "tranche symbol={} side={} ordinal={} state={} quantity={} entry={} tp={} "
        "sl={} realized={} fees={} reason={} id={}",
        symbol_of(symbols, row.symbol), name_of(row.side), row.ordinal, name_of(row.state),
        to_text(row.quantity), to_text(row.entry), to_text(row.take_profit), to_text(row.stop_loss),
        to_text(row.realized), to_text(row.fees), name_of(row.close_reason),
        static_cast<std::uint32_t>(row.id));
}

std::string body(const Record& record, const SymbolTable& symbols) {
    switch (record.kind) {
        case RecordKind::liquidation: {
            const LiquidationRow& row = record.liquidation;
            if (row.verdict != Verdict::entered) return {};
            return fmt::format(
                "info trigger symbol={} forced={} value={} window={} threshold={} "
                "trade={}",
                symbol_of(symbols, row.symbol), name_of(row.side), to_text(row.value),
                to_text(row.window_sum), to_text(row.threshold), name_of(row.trade_side));
        }
        case RecordKind::order:
            if (!is_final(record.order.state)) return {};
            return "info " + order_line(record.order, symbols);
        case RecordKind::fill:
            return fmt::format(
                "info fill symbol={} side={} role={} quantity={} price={} fee={} "
                "trade={}",
                symbol_of(symbols, record.fill.symbol), name_of(record.fill.side),
                name_of(record.fill.role), to_text(record.fill.quantity),
                to_text(record.fill.price), to_text(record.fill.commission), record.fill.trade_id);
        case RecordKind::tranche:
            if (record.tranche.state != TrancheState::protected_ && !is_final(record.tranche.state))
                return {};
            return "info " + tranche_line(record.tranche, symbols);
        case RecordKind::mode:
            return fmt::format("info mode from={} to={} paused={} reason=\"{}\"",
                               name_of(record.mode.from), name_of(record.mode.to),
                               record.mode.paused, record.mode.reason.data());
        case RecordKind::alarm:
            return fmt::format("{} alarm kind={} raised={} symbol={} value={} text=\"{}\"",
                               record.alarm.raised ? "warning" : "info", name_of(record.alarm.kind),
                               record.alarm.raised, symbol_of(symbols, record.alarm.symbol),
                               record.alarm.value, record.alarm.text.data());
        case RecordKind::balance: return {};
        case RecordKind::merge:
            return fmt::format("info merge symbol={} side={} kept={} absorbed={} entry={}",
                               symbol_of(symbols, record.merge.symbol), name_of(record.merge.side),
                               static_cast<std::uint32_t>(record.merge.kept),
                               static_cast<std::uint32_t>(record.merge.absorbed),
                               to_text(record.merge.entry));
    }
    return {};
}

}  // namespace

std::string timestamp(Nanos time) {
    const std::time_t whole = time.count / 1'000'000'000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(whole),
                       time.count % 1'000'000'000 / 1000);
}

std::string log_line(const Record& record, const SymbolTable& symbols) {
    std::string text = body(record, symbols);
    return text.empty() ? text : timestamp(record.time) + " " + text;
}

}  // namespace tranche
