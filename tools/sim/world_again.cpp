// I13: everything the user stream said, said again: twice, in any order, when nothing goes on.
#include <string>
#include <utility>

#include "tools/sim/world.hpp"

namespace tranche::sim {
namespace {

constexpr Nanos calm_again_within = seconds(20);

bool same(const TrancheRow& a, const TrancheRow& b) {
    return a.id == b.id && a.state == b.state && a.quantity == b.quantity && a.cost == b.cost &&
           a.entered == b.entered && a.exited == b.exited && a.realized == b.realized &&
           a.fees == b.fees;
}

bool same(const OrderRow& a, const OrderRow& b) {
    return a.id == b.id && a.state == b.state && a.filled == b.filled;
}

std::string name(const TrancheRow& row) {
    return "tranche " + std::to_string(static_cast<std::uint32_t>(row.id)) + " of " +
           to_text(row.quantity);
}

std::string name(const OrderRow& row) {
    const ClientOrderIdText text = encode(row.id);
    return "order " + std::string{text.data(), text.size()} + ", filled " + to_text(row.filled) +
           " of " + to_text(row.quantity);
}

/// The first row that is another or new; empty if there is none. Rows keep their places.
template <class Row>
std::string first_change(const std::vector<Row>& before, const std::vector<Row>& after) {
    for (std::size_t i = 0; i < after.size(); ++i)
        if (i >= before.size() || !same(before[i], after[i])) return name(after[i]);
    return {};
}

}  // namespace

/// A trade that was never booked, because its process died before, is news and not a repetition.
bool World::is_old_news(const Event& event) {
    if (event.kind != EventKind::order_update) return true;
    const OrderUpdate& update = event.order_update;
    return !update.last_quantity.positive() || oracle_.booked(event.symbol, update.trade_id);
}

void World::tell_again() {
    if (!process_ || !user_.up || !oracle_.remembers_all() || !backlog_.empty()) return;
    std::vector<Event> again;
    for (const Event& event : told_)
        if (is_old_news(event)) again.insert(again.end(), 2, event);
    Dice dice{plan_.seed, Concern::again};
    for (std::size_t i = again.size(); i > 1; --i) std::swap(again[i - 1], again[dice.below(i)]);
    const std::vector<TrancheRow> tranches = journal_.now_known().tranches();
    const std::vector<OrderRow> orders = journal_.now_known().orders();
    if (tracer_ != nullptr) tracer_->note("everything again", now_);
    telling_again_ = true;
    for (const Event& event : again) {
        process_->stage.next_tick = now_ + Stage::tick;  // no timer between two of them
        deliver(event, now_, events_);
        if (over()) return;
    }
    telling_again_ = false;
    for (const std::string& change : {first_change(tranches, journal_.now_known().tranches()),
                                      first_change(orders, journal_.now_known().orders())})
        if (!change.empty())
            oracle_.fail("I13", "old events come again, and now there is " + change, now_);
    const Nanos end = now_ + calm_again_within;
    Nanos next_look = now_ + seconds(1);
    for (bool good = false; !good && !over(); good = now_ >= next_look && unsettled().empty()) {
        if (now_ >= end) oracle_.fail("I13", "not as before: " + unsettled(), now_);
        if (now_ >= next_look) next_look = now_ + milliseconds(100);
        step();
    }
}

}  // namespace tranche::sim
