// What there is to see in a world, and the rules that must hold in it.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/sizing.hpp"

namespace tranche::test {
namespace {

std::string key_text(SymbolId symbol, PositionSide side) {
    return "symbol " + std::to_string(index(symbol)) + (side == long_side ? " long" : " short");
}

std::string tranche_text(const TrancheRow& row) {
    return key_text(row.symbol, row.side) + " tranche " +
           std::to_string(static_cast<std::uint32_t>(row.id));
}

}  // namespace

std::vector<TrancheRow> World::tranches(SymbolId symbol, PositionSide side) const {
    std::vector<TrancheRow> rows;
    const SideBook& book = state().symbols[index(symbol)].sides[index(side)];
    for (std::size_t i = 0; i < book.count; ++i)
        rows.push_back(state().tranches[book.tranches[i]].row);
    return rows;
}

std::vector<TrancheRow> World::recorded(SymbolId symbol, PositionSide side) const {
    std::map<std::uint32_t, TrancheRow> newest;
    for (const Record& record : records)
        if (record.kind == RecordKind::tranche && record.tranche.symbol == symbol &&
            record.tranche.side == side)
            newest[static_cast<std::uint32_t>(record.tranche.id)] = record.tranche;
    std::vector<TrancheRow> rows;
    for (const auto& [id, row] : newest)
        if (!is_final(row.state)) rows.push_back(row);
    return rows;
}

std::vector<TrancheRow> World::shown(SymbolId symbol, PositionSide side) const {
    std::vector<TrancheRow> rows;
    for (const auto& entry : board_->tranches) {
        const TrancheBoardRow row = entry.read();
        if (row.live != 0 && row.tranche.symbol == symbol && row.tranche.side == side)
            rows.push_back(row.tranche);
    }
    std::sort(rows.begin(), rows.end(),
              [](const TrancheRow& a, const TrancheRow& b) { return a.id < b.id; });
    return rows;
}

Quantity World::covered(SymbolId symbol, PositionSide side) const {
    Quantity sum;
    for (const ExchangeOrder& stop : open(symbol, side, Role::stop_loss)) sum += stop.left();
    return sum;
}

std::vector<ExchangeOrder> World::open(SymbolId symbol, Role role) const {
    std::vector<ExchangeOrder> found;
    for (const auto& [id, order] : orders)
        if (order.open() && order.placed.symbol == symbol && id.role == role)
            found.push_back(order);
    std::sort(found.begin(), found.end(), [](const ExchangeOrder& a, const ExchangeOrder& b) {
        return a.order_id < b.order_id;
    });
    return found;
}

std::vector<ExchangeOrder> World::open(SymbolId symbol, PositionSide side, Role role) const {
    std::vector<ExchangeOrder> found = open(symbol, role);
    std::erase_if(found,
                  [&](const ExchangeOrder& order) { return order.placed.position_side != side; });
    return found;
}

ExchangeOrder World::only(SymbolId symbol, Role role) const {
    const std::vector<ExchangeOrder> found = open(symbol, role);
    EXPECT_EQ(found.size(), 1U) << "open orders of role " << static_cast<int>(role);
    return found.size() == 1 ? found.front() : ExchangeOrder{};
}

std::size_t World::sent(CommandKind kind) const {
    return static_cast<std::size_t>(std::count_if(
        commands.begin(), commands.end(), [&](const Command& c) { return c.kind == kind; }));
}

std::size_t World::sent(CommandKind kind, Role role) const {
    return static_cast<std::size_t>(
        std::count_if(commands.begin(), commands.end(),
                      [&](const Command& c) { return c.kind == kind && c.id.role == role; }));
}

std::vector<Record> World::records_of(RecordKind kind) const {
    std::vector<Record> found;
    std::copy_if(records.begin(), records.end(), std::back_inserter(found),
                 [&](const Record& record) { return record.kind == kind; });
    return found;
}

std::size_t World::alarms(AlarmKind kind) const {
    return static_cast<std::size_t>(
        std::count_if(records.begin(), records.end(), [&](const Record& record) {
            return record.kind == RecordKind::alarm && record.alarm.kind == kind &&
                   record.alarm.raised;
        }));
}

std::string World::story(SymbolId symbol, PositionSide side) const {
    std::string text;
    for (const Record& record : records) {
        const std::string at =
            std::to_string((record.time - seconds(1'700'000'000)).milliseconds());
        if (record.kind == RecordKind::order && record.order.symbol == symbol &&
            record.order.position_side == side) {
            const ClientOrderIdText id = encode(record.order.id);
            text += at + " order " + std::string{id.data(), id.size()} + " state " +
                    std::to_string(static_cast<int>(record.order.state)) + " filled " +
                    to_text(record.order.filled) + " of " + to_text(record.order.quantity) + "\n";
        }
        if (record.kind == RecordKind::tranche && record.tranche.symbol == symbol &&
            record.tranche.side == side)
            text += at + " " + tranche_text(record.tranche) + " state " +
                    std::to_string(static_cast<int>(record.tranche.state)) + " holds " +
                    to_text(record.tranche.quantity) + "\n";
        if (record.kind == RecordKind::fill && record.fill.symbol == symbol &&
            record.fill.position_side == side)
            text += at + " fill " + to_text(record.fill.quantity) + " role " +
                    std::to_string(static_cast<int>(record.fill.role)) + " tranche " +
                    std::to_string(static_cast<std::uint32_t>(record.fill.tranche)) + "\n";
        if (record.kind == RecordKind::alarm && record.alarm.symbol == symbol)
            text += at + " alarm " + std::string{record.alarm.text.data()} + "\n";
        if (record.kind == RecordKind::mode)
            text += at + " mode " + std::string{record.mode.reason.data()} + "\n";
    }
    return text;
}

std::string World::broken() const {
    std::string text = trouble_;
    check_ledger(text);
    return text;
}

/// Counters against what they count, and references against what they refer to.
void World::check_ledger(std::string& text) const {
    const EngineState& s = state();
    Notional reserved;
    std::uint64_t unknown = 0;
    std::vector<std::size_t> entries(s.symbols.size());
    for (OrderSlot slot = 0; slot < s.orders.highest(); ++slot) {
        const Order& order = s.orders[slot];
        if (order.live && order.row.id.role == Role::entry) reserved += order.reserved;
        if (!is_live(s, slot)) continue;
        unknown += order.row.state == OrderState::unknown ? 1U : 0U;
        if (order.row.id.role != Role::entry) continue;
        ++entries[index(order.row.symbol)];
    }
    if (reserved != s.totals.reserved_margin) text += "reserved margin differs from its orders\n";
    if (unknown != s.totals.unknown_now) text += "count of unknown orders differs\n";
    Notional used;
    for (std::size_t i = 0; i < s.symbols.size(); ++i) {
        used += s.symbols[i].used_margin;
        if (s.symbols[i].live_entries != entries[i]) text += "count of live entries differs\n";
    }
    if (used != s.totals.used_margin) text += "used margin differs from its symbols\n";
    for (TrancheSlot slot = 0; slot < s.tranches.size(); ++slot) {
        const Tranche& tranche = s.tranches[slot];
        if (!tranche.live) continue;
        for (const OrderSlot order : {tranche.take_profit, tranche.stop_loss, tranche.close})
            if (order != no_slot && (!is_live(s, order) || s.orders[order].tranche != slot))
                text += tranche_text(tranche.row) + ": refers to an order that is not its own\n";
    }
}

void World::check_tranches(SymbolId symbol, PositionSide side, std::string& text) const {
    const auto at = holdings.find({symbol, side});
    const Quantity held = at == holdings.end() ? Quantity{} : at->second.quantity;
    Quantity sum;
    for (const TrancheRow& row : tranches(symbol, side)) {
        sum += row.quantity;
        if (row.quantity.zero()) continue;
        for (const Role role : {Role::stop_loss, Role::take_profit}) {
            std::size_t count = 0;
            Quantity covered;
            for (const ExchangeOrder& order : open(symbol, side, role)) {
                if (order.placed.id.tranche != row.id) continue;
                ++count;
                covered += order.left();
            }
            if (count != 1 || covered != row.quantity)
                text += tranche_text(row) + ": " + std::to_string(count) +
                        (role == Role::stop_loss ? " stops" : " take-profits") + " cover " +
                        to_text(covered) + " of " + to_text(row.quantity) + "\n";
        }
    }
    if (sum != held)
        text += key_text(symbol, side) + ": tranches hold " + to_text(sum) + ", the exchange " +
                to_text(held) + "\n";
    const std::size_t backstops = open(symbol, side, Role::backstop).size();
    const std::size_t wanted = with.settings.protection.backstop && held.positive() ? 1 : 0;
    if (backstops != wanted)
        text += key_text(symbol, side) + ": " + std::to_string(backstops) + " backstops\n";
    const std::vector<TrancheRow> rows = tranches(symbol, side);
    for (const Role role : {Role::stop_loss, Role::take_profit, Role::close})
        for (const ExchangeOrder& order : open(symbol, side, role))
            if (std::none_of(rows.begin(), rows.end(), [&](const TrancheRow& row) {
                    return row.id == order.placed.id.tranche;
                }))
                text += key_text(symbol, side) + ": an exit without its tranche is open\n";
}

std::string World::unsettled() const {
    std::string text = broken();
    for (std::size_t i = 0; i < state().symbols.size(); ++i) {
        const SymbolId symbol{static_cast<std::uint16_t>(i)};
        Notional used;
        for (const PositionSide side : {long_side, short_side}) {
            check_tranches(symbol, side, text);
            Notional cost;
            for (const TrancheRow& row : tranches(symbol, side)) cost += row.cost;
            used += margin_of(cost, state().symbols[i].leverage);
        }
        if (used != state().symbols[i].used_margin)
            text += "symbol " + std::to_string(i) + ": used margin is not that of its tranches\n";
    }
    if (state().totals.unknown_now != 0) text += "an order's fate is still unknown\n";
    return text;
}

void take_position(World& world, SymbolId symbol, Side forced, Price at) {
    ASSERT_EQ(world.trigger(symbol, forced, at), Verdict::entered);
    world.fill(world.open(symbol, opened_by(opposite(forced)), Role::entry).at(0).placed.id, at);
    world.pass(milliseconds(500));
}

void expect_patience(World& world) {
    world.pass(seconds(12));
    EXPECT_EQ(world.state().totals.unknown_now, 1U) << "it still could arrive";
    world.pass(seconds(8));
    EXPECT_EQ(world.state().totals.unknown_now, 0U);
}

Options wide_stop() {
    Options with = options();
    with.settings.symbols[0].stop_loss = ratio("0.5");
    return with;
}

Options patient() {
    Options with = wide_stop();
    with.settings.symbols[0].take_profit = ratio("0.5");
    return with;
}

void open_steps(World& world, int count) {
    Price where = price("50000");
    for (int i = 0; i < count; ++i) {
        take_position(world, btc, Side::sell, where);
        where = snap(Price{where.raw / 100 * 90}, price("0.1"), Rounding::down);
    }
}

std::size_t alarms_since(const World& world, std::size_t first) {
    return static_cast<std::size_t>(
        std::count_if(world.records.begin() + static_cast<std::ptrdiff_t>(first),
                      world.records.end(), [](const Record& record) {
                          return record.kind == RecordKind::alarm && record.alarm.raised;
                      }));
}

std::function<Treatment(const Command&)> placing(Role role, Treatment treatment) {
    return [=](const Command& command) {
        return command.id.role == role && command.kind == CommandKind::place ? treatment
                                                                             : Treatment{};
    };
}

}  // namespace tranche::test
