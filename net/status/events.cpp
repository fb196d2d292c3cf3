#include "net/status/events.hpp"

#include <charconv>
#include <fmt/format.h>
#include <iterator>

#include "net/status/json.hpp"
#include "net/status/shapes.hpp"

namespace tranche {
namespace {

void write_data(JsonWriter& json, const Record& record, const SymbolTable& symbols,
                const BoardView& view) {
    switch (record.kind) {
        case RecordKind::liquidation: return write_liquidation(json, record.liquidation, symbols);
        case RecordKind::order: return write_order(json, record.order, symbols);
        case RecordKind::fill: return write_fill(json, record.fill, symbols);
        case RecordKind::tranche: return write_tranche(json, record.tranche, view, symbols);
        case RecordKind::mode: return write_mode(json, record.mode);
        case RecordKind::alarm: return write_alarm(json, record.alarm, record.time, symbols);
        case RecordKind::balance: return write_balance(json, record.balance);
        case RecordKind::merge: return write_merge(json, record.merge, symbols);
    }
    json.null();
}

}  // namespace

EventHub::EventHub(const SymbolTable& symbols, const BoardView& view, std::uint64_t run,
                   std::size_t capacity)
    : symbols_{symbols},
      view_{view},
      run_{run},
      // Written to, so that the memory is there before the first message.
      messages_(capacity, std::string(usual_length, ' ')) {}

std::uint64_t EventHub::oldest() const {
    return newest_ < messages_.size() ? 1 : newest_ - messages_.size() + 1;
}

std::string EventHub::id_of(std::uint64_t number) const {
    return fmt::format("{:x}-{}", run_, number);
}

std::string_view EventHub::type_of(const TrancheRow& row) {
    const auto id = static_cast<std::uint32_t>(row.id);
    if (is_final(row.state)) {
        open_tranches_.erase(id);
        return row.state == TrancheState::merged ? "tranche_merged" : "tranche_closed";
    }
    // After a restart the first change of an older tranche is no birth.
    const bool announced = !open_tranches_.insert(id).second;
    return !announced && row.updated == row.created ? "tranche_created" : "tranche_updated";
}

std::string_view EventHub::type_of(const Record& record) {
    switch (record.kind) {
        case RecordKind::liquidation: return "new_liquidation";
        case RecordKind::order: return "order_update";
        case RecordKind::fill: return "new_trade";
        case RecordKind::tranche: return type_of(record.tranche);
        case RecordKind::mode: return "mode";
        case RecordKind::alarm: return "alarm";
        case RecordKind::balance: return "account_update";
        case RecordKind::merge: return "merge";
    }
    return "unknown";
}

void EventHub::publish(const Record& record) {
    ++newest_;
    std::string& message = messages_[newest_ % messages_.size()];
    message.clear();  // and keeps its memory
    fmt::format_to(std::back_inserter(message), "id: {}\ndata: ", id_of(newest_));
    JsonWriter json{message};
    json.begin_object();
    json.field("type", type_of(record));
    json.key("data");
    write_data(json, record, symbols_, view_);
    json.field("timestamp", record.time.milliseconds());
    json.end_object();
    message += "\n\n";
}

std::uint64_t EventHub::cursor_for(std::string_view last_event_id) const {
    if (last_event_id.empty()) return newest_;
    const std::string prefix = fmt::format("{:x}-", run_);
    if (last_event_id.substr(0, prefix.size()) != prefix) return lost;
    last_event_id.remove_prefix(prefix.size());
    std::uint64_t number = 0;
    const char* const end = last_event_id.data() + last_event_id.size();
    const auto parsed = std::from_chars(last_event_id.data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end || number > newest_) return lost;
    return number;
}

void EventHub::read(std::uint64_t& cursor, std::size_t limit, Nanos now, std::string& out) const {
    if (cursor > newest_ || cursor + 1 < oldest()) {
        out +=
            fmt::format("id: {}\ndata: {{\"type\":\"resync\",\"data\":{{}},\"timestamp\":{}}}\n\n",
                        id_of(newest_), now.milliseconds());
        cursor = newest_;
        return;
    }
    while (cursor < newest_ && out.size() < limit) out += messages_[++cursor % messages_.size()];
}

std::string EventHub::connected(std::uint64_t cursor, Nanos now) const {
    return fmt::format(
        "retry: 2000\nid: {}\ndata: {{\"type\":\"connected\",\"data\":{{}},\"timestamp\":{}}}\n\n",
        id_of(cursor == lost ? newest_ : cursor), now.milliseconds());
}

std::string EventHub::heartbeat(Nanos now) {
    return fmt::format("data: {{\"type\":\"heartbeat\",\"data\":{{}},\"timestamp\":{}}}\n\n",
                       now.milliseconds());
}

}  // namespace tranche
