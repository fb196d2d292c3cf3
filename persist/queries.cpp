#include "persist/queries.hpp"

#include <fmt/format.h>
#include <utility>

namespace tranche {
namespace {

constexpr std::string_view of_one_symbol =
    "WHERE sequence IN (SELECT value FROM liquidation_runs, json_each(sequences) "
    "WHERE symbol = ? AND newest_ns >= ? ORDER BY newest_ns DESC, newest_sequence DESC, value DESC "
    "LIMIT ?) AND arrival_ns >= ? ORDER BY arrival_ns DESC, sequence DESC LIMIT ?";

std::int64_t raw(TrancheId id) {
    return static_cast<std::uint32_t>(id);
}

}  // namespace

Result<Done> Queries::follow() {
    if (!database_->replaced()) return Done{};
    auto opened = Database::open(database_->path(), Access::read);
    if (!opened) return opened.error();
    *database_ = std::move(opened).value();
    return Done{};
}

/// `time` is the column that `since` is about and that orders the rows; `sequence` breaks ties.
template <class Row>
Result<std::vector<Stored<Row>>> Queries::newest(const Selection& selection, std::string_view time,
                                                 std::string_view table,
                                                 std::string_view condition) {
    const auto limit = static_cast<std::int64_t>(selection.limit);
    const bool one_symbol = !selection.symbol.empty();
    const auto tail = fmt::format("WHERE {0} >= ? {1} {2} ORDER BY {0} DESC, sequence DESC LIMIT ?",
                                  time, one_symbol ? "AND symbol = ?" : "", condition);
    if (one_symbol)
        return select_rows<Row>(*database_, symbols_, table, tail,
                                {selection.since.count, std::string_view{selection.symbol}, limit});
    return select_rows<Row>(*database_, symbols_, table, tail, {selection.since.count, limit});
}

/// Those of one symbol are found by their runs, newest run first.
Result<std::vector<Stored<LiquidationRow>>> Queries::liquidations(const Selection& selection) {
    if (selection.symbol.empty()) return newest<LiquidationRow>(selection, "arrival_ns");
    const auto limit = static_cast<std::int64_t>(selection.limit);
    return select_rows<LiquidationRow>(*database_, symbols_, table_of<LiquidationRow>,
                                       of_one_symbol,
                                       {std::string_view{selection.symbol}, selection.since.count,
                                        limit, selection.since.count, limit});
}

Result<std::vector<Stored<LiquidationRow>>> Queries::decisions(const Selection& selection,
                                                               Verdict verdict) {
    const auto condition = fmt::format("AND verdict = '{}'", stored_name(verdict));
    return newest<LiquidationRow>(selection, "arrival_ns", table_of<LiquidationRow>, condition);
}

Result<std::vector<VerdictCount>> Queries::verdict_counts(Nanos since) {
    auto prepared = database_->prepare(
        "SELECT verdict, count(*) FROM liquidations WHERE arrival_ns >= ? "
        "GROUP BY verdict ORDER BY count(*) DESC, verdict");
    if (!prepared) return prepared.error();
    Statement& statement = prepared.value();
    statement.bind(1, since.count);
    std::vector<VerdictCount> counts;
    Step step = statement.step();
    for (; step == Step::row; step = statement.step())
        if (const auto verdict = from_stored_name<Verdict>(statement.text(0)))
            counts.push_back({*verdict, statement.integer(1)});
    if (step != Step::done) return database_->error("counting verdicts");
    return counts;
}

Result<OrderWithTranche> Queries::with_tranche(Stored<OrderRow> order) {
    OrderWithTranche whole;
    whole.order = std::move(order);
    auto id = database_->prepare("SELECT id FROM orders WHERE client_order_id = ?");
    if (!id) return id.error();
    const auto text = encode(whole.order.row.id);
    id.value().bind(1, std::string_view{text.data(), text.size()});
    if (id.value().step() != Step::row) return database_->error("reading an order");
    whole.id = id.value().integer(0);
    auto tranches = select_rows<TrancheRow>(*database_, symbols_, table_of<TrancheRow>,
                                            "WHERE id = ?", {raw(whole.order.row.id.tranche)});
    if (!tranches) return tranches.error();
    if (!tranches.value().empty()) whole.tranche = std::move(tranches.value().front());
    return whole;
}

Result<std::vector<Stored<OrderRow>>> Queries::order_rows(const Selection& selection) {
    return newest<OrderRow>(selection, "created_ns");
}

Result<std::vector<OrderWithTranche>> Queries::orders(const Selection& selection) {
    auto found = order_rows(selection);
    if (!found) return found.error();
    std::vector<OrderWithTranche> orders;
    for (auto& order : found.value()) {
        auto whole = with_tranche(std::move(order));
        if (!whole) return whole.error();
        orders.push_back(std::move(whole).value());
    }
    return orders;
}

Result<std::optional<OrderWithTranche>> Queries::order(std::int64_t id) {
    for (const char* tail : {"WHERE order_id = ? AND order_id <> 0", "WHERE id = ?"}) {
        auto found = select_rows<OrderRow>(*database_, symbols_, table_of<OrderRow>, tail, {id});
        if (!found) return found.error();
        if (found.value().empty()) continue;
        auto whole = with_tranche(std::move(found.value().front()));
        if (!whole) return whole.error();
        return std::optional{std::move(whole).value()};
    }
    return std::optional<OrderWithTranche>{};
}

Result<std::vector<Stored<OrderRow>>> Queries::orders_of(TrancheId tranche) {
    return select_rows<OrderRow>(*database_, symbols_, table_of<OrderRow>,
                                 "WHERE tranche_id = ? ORDER BY created_ns DESC, sequence DESC",
                                 {raw(tranche)});
}

Result<std::vector<Stored<FillRow>>> Queries::fills(const Selection& selection) {
    return newest<FillRow>(selection, "trade_ns");
}

Result<std::vector<Stored<FillRow>>> Queries::fills_of(TrancheId tranche) {
    return select_rows<FillRow>(*database_, symbols_, table_of<FillRow>,
                                "WHERE tranche_id = ? ORDER BY trade_ns DESC, sequence DESC",
                                {raw(tranche)});
}

Result<std::vector<Stored<FillRow>>> Queries::fills_of_order(std::int64_t order_id) {
    return select_rows<FillRow>(*database_, symbols_, table_of<FillRow>,
                                "WHERE order_id = ? ORDER BY trade_ns DESC, sequence DESC",
                                {order_id});
}

Result<std::vector<Stored<TrancheRow>>> Queries::tranches(const Selection& selection) {
    return newest<TrancheRow>(selection, "updated_ns");
}

Result<std::vector<Stored<TrancheRow>>> Queries::tranche_history(const Selection& selection) {
    return newest<TrancheRow>(selection, "time_ns", "tranche_history");
}

Result<std::vector<Stored<TrancheRow>>> Queries::history_of(TrancheId tranche) {
    return select_rows<TrancheRow>(*database_, symbols_, "tranche_history",
                                   "WHERE id = ? ORDER BY sequence", {raw(tranche)});
}

Result<std::vector<Stored<MergeRow>>> Queries::merges(const Selection& selection) {
    return newest<MergeRow>(selection, "time_ns");
}

Result<std::vector<Stored<AlarmRow>>> Queries::alarms(const Selection& selection) {
    return newest<AlarmRow>(selection, "time_ns");
}

Result<std::vector<Stored<ModeRow>>> Queries::modes(const Selection& selection) {
    Selection all = selection;
    all.symbol.clear();  // a mode is of the whole account
    return newest<ModeRow>(all, "time_ns");
}

Result<std::vector<Stored<BalanceRow>>> Queries::balances(const Selection& selection) {
    Selection all = selection;
    all.symbol.clear();  // so is a balance
    return newest<BalanceRow>(all, "time_ns");
}

Result<std::vector<DailyTotal>> Queries::daily(Nanos since) {
    auto prepared = database_->prepare(
        "SELECT trade_ns / 86400000000000 * 86400000000000 AS day, sum(realized_e8), "
        "sum(iif(commission_asset = 'usdt', commission_e8, 0)), count(*) "
        "FROM fills WHERE trade_ns >= ? GROUP BY day ORDER BY day DESC");
    if (!prepared) return prepared.error();
    Statement& statement = prepared.value();
    statement.bind(1, since.count);
    std::vector<DailyTotal> days;
    Step step = statement.step();
    for (; step == Step::row; step = statement.step())
        days.push_back({Nanos{statement.integer(0)},
                        {statement.integer(1)},
                        {statement.integer(2)},
                        statement.integer(3)});
    if (step != Step::done) return database_->error("adding up days");
    return days;
}

}  // namespace tranche
