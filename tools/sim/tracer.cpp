#include "tools/sim/tracer.hpp"

#include "core/numbers.hpp"

namespace tranche::sim {
namespace {

const char* name(EventKind kind) {
    switch (kind) {
        case EventKind::liquidation: return "liquidation";
        case EventKind::book_ticker: return "book";
        case EventKind::mark_price: return "mark";
        case EventKind::order_update: return "order_update";
        case EventKind::position_update: return "position";
        case EventKind::balance_update: return "balance";
        case EventKind::open_order: return "open_order";
        case EventKind::snapshot_mark: return "snapshot";
        case EventKind::stream_change: return "stream";
        case EventKind::account_notice: return "notice";
        case EventKind::reply: return "reply";
        case EventKind::control: return "control";
        case EventKind::rules_update: return "rules_update";
        case EventKind::timer: return "timer";
    }
    return "";
}

int number(auto value) {
    return static_cast<int>(value);
}

}  // namespace

void Tracer::begin(Nanos now, const char* what) {
    const std::int64_t us = (now - start_).microseconds();
    std::fprintf(out_, "%lld.%06lld %s", static_cast<long long>(us / 1'000'000),
                 static_cast<long long>(us % 1'000'000), what);
}

void Tracer::id(const ClientOrderId& of) {
    const ClientOrderIdText text = encode(of);
    std::fprintf(out_, " %.*s", static_cast<int>(text.size()), text.data());
}

void Tracer::event(const Event& event, Nanos now) {
    // Prices say little and are many.
    if (event.kind == EventKind::book_ticker || event.kind == EventKind::mark_price) return;
    begin(now, "event ");
    std::fprintf(out_, "%s symbol %d", name(event.kind), number(event.symbol));
    switch (event.kind) {
        case EventKind::order_update: {
            const OrderUpdate& update = event.order_update;
            if (update.ours) id(update.id);
            std::fprintf(
                out_, " order %lld trade %lld last %s at %s filled %s x %d status %d",
                static_cast<long long>(update.order_id), static_cast<long long>(update.trade_id),
                to_text(update.last_quantity).c_str(), to_text(update.last_price).c_str(),
                to_text(update.filled).c_str(), number(update.execution), number(update.status));
            break;
        }
        case EventKind::position_update:
            std::fprintf(out_, " amount %s leg %d generation %u",
                         to_text(event.position_update.amount).c_str(),
                         number(event.position_update.leg), event.position_update.generation);
            break;
        case EventKind::open_order:
            if (event.open_order.ours) id(event.open_order.id);
            std::fprintf(out_, " order %lld quantity %s filled %s",
                         static_cast<long long>(event.open_order.order_id),
                         to_text(event.open_order.quantity).c_str(),
                         to_text(event.open_order.filled).c_str());
            break;
        case EventKind::reply:
            id(event.reply.id);
            std::fprintf(out_, " command %d class %d code %d status %d filled %s",
                         number(event.reply.command), number(event.reply.verdict), event.reply.code,
                         number(event.reply.status), to_text(event.reply.filled).c_str());
            break;
        case EventKind::snapshot_mark:
            std::fprintf(out_, " begins %d complete %d generation %u", event.snapshot_mark.begins,
                         event.snapshot_mark.complete, event.snapshot_mark.generation);
            break;
        case EventKind::stream_change:
            std::fprintf(out_, " stream %d state %d", number(event.stream_change.stream),
                         number(event.stream_change.state));
            break;
        case EventKind::liquidation:
            std::fprintf(out_, " side %d quantity %s at %s", number(event.liquidation.side),
                         to_text(event.liquidation.quantity).c_str(),
                         to_text(event.liquidation.price).c_str());
            break;
        case EventKind::control: std::fprintf(out_, " kind %d", number(event.control.kind)); break;
        case EventKind::account_notice:
            std::fprintf(out_, " kind %d", number(event.account_notice.kind));
            break;
        case EventKind::book_ticker:
        case EventKind::mark_price:
        case EventKind::balance_update:
        case EventKind::rules_update:
        case EventKind::timer: break;
    }
    std::fputc('\n', out_);
}

void Tracer::command(const Command& command, Nanos now) {
    constexpr const char* kinds[] = {"command place", "command cancel", "command query",
                                     "command replace", "command noop"};
    begin(now, kinds[static_cast<std::size_t>(command.kind)]);
    id(command.id);
    std::fprintf(out_, " symbol %d side %d of %d type %d quantity %s price %s stop %s%s%s%s\n",
                 number(command.symbol), number(command.side), number(command.position_side),
                 number(command.type), to_text(command.quantity).c_str(),
                 to_text(command.price).c_str(), to_text(command.stop_price).c_str(),
                 command.reduce_only ? " reduce" : "", command.close_position ? " all" : "",
                 command.with_exits ? " with exits" : "");
}

void Tracer::record(const Record& record) {
    begin(record.time, "record ");
    switch (record.kind) {
        case RecordKind::liquidation:
            std::fprintf(out_, "liquidation symbol %d verdict %d",
                         number(record.liquidation.symbol), number(record.liquidation.verdict));
            break;
        case RecordKind::order:
            std::fputs("order", out_);
            id(record.order.id);
            std::fprintf(out_, " state %d filled %s of %s code %d", number(record.order.state),
                         to_text(record.order.filled).c_str(),
                         to_text(record.order.quantity).c_str(), record.order.code);
            break;
        case RecordKind::fill:
            std::fprintf(out_, "fill trade %lld of %s on tranche %u role %d",
                         static_cast<long long>(record.fill.trade_id),
                         to_text(record.fill.quantity).c_str(),
                         static_cast<unsigned>(record.fill.tranche), number(record.fill.role));
            break;
        case RecordKind::tranche:
            std::fprintf(out_, "tranche %u symbol %d side %d state %d holds %s entry %s why %d",
                         static_cast<unsigned>(record.tranche.id), number(record.tranche.symbol),
                         number(record.tranche.side), number(record.tranche.state),
                         to_text(record.tranche.quantity).c_str(),
                         to_text(record.tranche.entry).c_str(),
                         number(record.tranche.close_reason));
            break;
        case RecordKind::mode:
            std::fprintf(out_, "mode %d -> %d %s", number(record.mode.from), number(record.mode.to),
                         record.mode.reason.data());
            break;
        case RecordKind::alarm:
            std::fprintf(out_, "alarm %d raised %d symbol %d value %lld %s",
                         number(record.alarm.kind), record.alarm.raised,
                         number(record.alarm.symbol), static_cast<long long>(record.alarm.value),
                         record.alarm.text.data());
            break;
        case RecordKind::balance: std::fputs("balance", out_); break;
        case RecordKind::merge:
            std::fprintf(out_, "merge %u into %u why %d",
                         static_cast<unsigned>(record.merge.absorbed),
                         static_cast<unsigned>(record.merge.kept), number(record.merge.why));
            break;
    }
    std::fputc('\n', out_);
}

void Tracer::action(const Action& action, Nanos now) {
    begin(now, "action ");
    std::fprintf(out_, "%s symbol %d value %lld\n", std::string{sim::name(action.kind)}.c_str(),
                 number(action.symbol), static_cast<long long>(action.value));
}

void Tracer::order(const LedgerOrder& order, Nanos now) {
    begin(now, order.ours ? "open ours" : "open theirs");
    if (order.ours) id(order.id);
    std::fprintf(out_, " order %lld symbol %d side %d quantity %s filled %s price %s%s%s\n",
                 static_cast<long long>(order.order_id), number(order.symbol), number(order.side),
                 to_text(order.quantity).c_str(), to_text(order.filled).c_str(),
                 to_text(order.price).c_str(), order.stop ? " stop" : "",
                 order.close_position ? " all" : "");
}

void Tracer::note(const std::string& text, Nanos now) {
    begin(now, text.c_str());
    std::fputc('\n', out_);
}

}  // namespace tranche::sim
