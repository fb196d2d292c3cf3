// Questions the status page asks of the database. Each reader has a read-only connection of its
// own (Database::open with Access::read), so it sees only what is committed and never waits for,
// or holds up, the writer. Newest first unless said otherwise. Errors: those of the database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "core/rows.hpp"
#include "persist/row_reader.hpp"

namespace tranche {

/// Which rows: all of them unless narrowed.
struct Selection {
    std::string symbol{};  // empty: every symbol
    Nanos since{};         // by arrival, creation, trade or record time, whichever the rows have
    std::size_t limit{100};
};

struct OrderWithTranche {
    Stored<OrderRow> order;
    std::int64_t id{};  // row id, as `/api/trades/<id>` takes
    std::optional<Stored<TrancheRow>> tranche;
};

/// One UTC day.
struct DailyTotal {
    Nanos begins;
    Notional realized;  // before fees
    Notional fees;      // charged in USDT
    std::int64_t fills{};
};

struct VerdictCount {
    Verdict verdict{};
    std::int64_t count{};
};

class Queries {
public:
    /// `symbols` and `database` outlive it.
    Queries(Database& database, const SymbolTable& symbols)
        : database_{&database}, symbols_{&symbols} {}

    /// Before questions: opens the file anew when another one has taken its place.
    Result<Done> follow();

    Result<std::vector<Stored<LiquidationRow>>> liquidations(const Selection& selection);
    /// Liquidations with this verdict: why events were or were not traded.
    Result<std::vector<Stored<LiquidationRow>>> decisions(const Selection& selection,
                                                          Verdict verdict);
    Result<std::vector<VerdictCount>> verdict_counts(Nanos since);

    Result<std::vector<Stored<OrderRow>>> order_rows(const Selection& selection);
    Result<std::vector<OrderWithTranche>> orders(const Selection& selection);
    /// By the exchange's order id or by our row id, the former first; nothing if neither.
    Result<std::optional<OrderWithTranche>> order(std::int64_t id);
    Result<std::vector<Stored<OrderRow>>> orders_of(TrancheId tranche);

    Result<std::vector<Stored<FillRow>>> fills(const Selection& selection);
    Result<std::vector<Stored<FillRow>>> fills_of(TrancheId tranche);
    /// By the exchange's order id.
    Result<std::vector<Stored<FillRow>>> fills_of_order(std::int64_t order_id);

    Result<std::vector<Stored<TrancheRow>>> tranches(const Selection& selection);
    Result<std::vector<Stored<TrancheRow>>> tranche_history(const Selection& selection);
    /// Every state of one tranche, oldest first.
    Result<std::vector<Stored<TrancheRow>>> history_of(TrancheId tranche);
    Result<std::vector<Stored<MergeRow>>> merges(const Selection& selection);

    Result<std::vector<Stored<AlarmRow>>> alarms(const Selection& selection);
    Result<std::vector<Stored<ModeRow>>> modes(const Selection& selection);
    Result<std::vector<Stored<BalanceRow>>> balances(const Selection& selection);
    /// Days with fills.
    Result<std::vector<DailyTotal>> daily(Nanos since);

private:
    template <class Row>
    Result<std::vector<Stored<Row>>> newest(const Selection& selection, std::string_view time,
                                            std::string_view table = table_of<Row>,
                                            std::string_view condition = "");
    Result<OrderWithTranche> with_tranche(Stored<OrderRow> order);

    Database* database_;
    const SymbolTable* symbols_;
};

}  // namespace tranche
