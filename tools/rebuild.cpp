#include "tools/rebuild.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>
#include <utility>

#include "persist/stored_names.hpp"

namespace tranche {
namespace {

constexpr std::string_view newest_rows = "1000";

bool is_of(const aster::Json& row, PositionSide side) {
    const std::string_view leg = row.text_of("positionSide");
    if (leg == "LONG") return side == PositionSide::long_side;
    if (leg == "SHORT") return side == PositionSide::short_side;
    return true;  // one-way: there is only one
}

/// Positions and orders of ours on one symbol.
struct SymbolEvidence {
    std::vector<SideEvidence> sides;
    std::vector<aster::ListedOrder> open;
};

class Rebuilding {
public:
    Rebuilding(Database& database, const Settings& settings, AccountReader& reader, Nanos now)
        : database_{database}, settings_{settings}, reader_{reader}, now_{now} {}

    Result<Rebuilt> work() {
        if (auto done = gather(); !done) return done.error();
        for (auto& [symbol, evidence] : symbols_)
            if (auto done = read_past(symbol, evidence); !done) return done.error();
        if (!rebuilt_.traded_before)
            if (auto done = ask_income(); !done) return done.error();
        if (auto done = write(); !done) return done.error();
        return std::move(rebuilt_);
    }

private:
    bool is_traded(const std::string& symbol) const {
        return std::ranges::find(settings_.engine.symbols, symbol, &SymbolSettings::name) !=
               settings_.engine.symbols.end();
    }
    bool is_ours(const ClientOrderId& id) const { return id.instance == settings_.engine.instance; }

    /// An import has its own; the first snapshot judges them.
    Result<bool> has_tranches() {
        const auto tranches = database_.integer("SELECT count(*) FROM tranches WHERE open = 1", 0);
        if (!tranches) return tranches.error();
        return tranches.value() > 0;
    }

    Result<Done> gather() {
        const auto positions = reader_.positions();
        if (!positions) return positions.error();
        for (const aster::ListedPosition& row : positions.value()) {
            if (row.update.amount.zero() || !is_traded(row.symbol)) continue;
            SideEvidence side;
            const bool is_short =
                row.update.leg == PositionLeg::short_side ||
                (row.update.leg == PositionLeg::both && row.update.amount.raw < 0);
            side.side = is_short ? PositionSide::short_side : PositionSide::long_side;
            side.held = absolute(row.update.amount);
            side.entry = row.update.entry_price;
            symbols_[row.symbol].sides.push_back(std::move(side));
        }
        const auto orders = reader_.open_orders();
        if (!orders) return orders.error();
        for (const aster::ListedOrder& order : orders.value()) {
            if (!order.order.ours || !is_ours(order.order.id)) continue;
            see(order.order.id);
            if (symbols_.contains(order.symbol)) symbols_[order.symbol].open.push_back(order);
        }
        return Done{};
    }

    void see(const ClientOrderId& id) {
        rebuilt_.traded_before = true;
        newest_epoch_ = std::max(newest_epoch_, id.epoch);
    }

    /// The newest orders and trades of a symbol, which name what each trade was for.
    Result<Done> read_past(const std::string& symbol, SymbolEvidence& evidence) {
        const std::array<aster::Parameter, 2> wanted{{{"symbol", symbol}, {"limit", newest_rows}}};
        const auto orders = reader_.get(aster::Resource::all_orders, wanted);
        if (!orders) return orders.error();
        std::vector<PastOrder> past;
        for (const aster::Json& row : orders.value().items) {
            const auto id = decode_client_order_id(row.text_of("clientOrderId"));
            const auto number = row.whole("orderId");
            if (!id || !number || !is_ours(*id)) continue;
            see(*id);
            past.push_back({*number, *id});
        }
        const auto trades = reader_.get(aster::Resource::user_trades, wanted);
        if (!trades) return trades.error();
        for (SideEvidence& side : evidence.sides) {
            side.open = evidence.open;
            side.orders = past;
            for (const aster::Json& row : trades.value().items) {
                const auto number = row.whole("orderId");
                const auto quantity = row.exact<Quantity>("qty");
                const auto price = row.rounded<Price>("price");
                if (number && quantity && price && is_of(row, side.side))
                    side.trades.push_back({*number, *quantity, *price});
            }
        }
        return Done{};
    }

    /// A flat account may have traded all the same.
    Result<Done> ask_income() {
        const std::array<aster::Parameter, 1> wanted{{{"limit", "1"}}};
        const auto income = reader_.get(aster::Resource::income, wanted);
        if (!income) return income.error();
        rebuilt_.traded_before = !income.value().items.empty();
        return Done{};
    }

    Result<Done> write() {
        auto transaction = Transaction::begin(database_);
        if (!transaction) return transaction.error();
        const auto known = has_tranches();
        if (!known) return known.error();
        if (known.value()) symbols_.clear();
        for (const auto& [symbol, evidence] : symbols_)
            for (const SideEvidence& side : evidence.sides)
                if (auto done = write_side(symbol, side); !done) return done;
        if (rebuilt_.traded_before) {
            // Seconds grow faster than starts: above every epoch of every database before.
            const auto seconds_now = static_cast<std::uint32_t>(now_.count / 1'000'000'000);
            const auto done =
                database_.execute(fmt::format("UPDATE meta SET value = {} WHERE key = 'epoch'",
                                              std::max(seconds_now, newest_epoch_)));
            if (!done) return done;
        }
        return transaction.value().commit();
    }

    Result<Done> write_side(const std::string& symbol, const SideEvidence& side) {
        const SideRebuilt found = rebuild_side(side);
        if (found.tranches.empty())
            rebuilt_.notes.push_back(
                fmt::format("{} {}: neither stops nor trades tell the tranches of {}; it is "
                            "adopted as one",
                            symbol, stored_name(side.side), to_text(side.held)));
        else if (!found.exact)
            rebuilt_.notes.push_back(
                fmt::format("{} {}: the trades do not reach back to every entry; those tranches "
                            "have the position's average",
                            symbol, stored_name(side.side)));
        for (const TrancheRow& row : found.tranches)
            if (auto done = insert(symbol, row); !done) return done;
        return Done{};
    }

    Result<Done> insert(const std::string& symbol, const TrancheRow& row) {
        auto statement = database_.prepare(
            "INSERT OR IGNORE INTO tranches VALUES (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9, ?10, "
            "?8, 0, 0, 0, 0, 0, 0, 0, ?1, ?1, 0, 0, 0, 0, ?11, ?12, ?13, ?14, 'none', 0)");
        if (!statement) return statement.error();
        Statement& values = statement.value();
        values.bind(1, now_.count);
        values.bind(2, static_cast<std::uint32_t>(row.id));
        values.bind(3, symbol);
        values.bind(4, stored_name(row.side));
        values.bind(5, row.episode);
        values.bind(6, row.ordinal);
        values.bind(7, stored_name(row.state));
        values.bind(8, row.quantity.raw);
        values.bind(9, row.cost.raw);
        values.bind(10, row.entry.raw);
        values.bind(11, row.entry_generation);
        values.bind(12, row.take_profit_generation);
        values.bind(13, row.stop_loss_generation);
        values.bind(14, row.close_generation);
        if (values.step() != Step::done) return database_.error("writing a rebuilt tranche");
        rebuilt_.tranches += database_.changes();
        return Done{};
    }

    Database& database_;
    const Settings& settings_;
    AccountReader& reader_;
    Nanos now_;
    std::map<std::string, SymbolEvidence> symbols_;  // that hold something
    std::uint32_t newest_epoch_{};
    Rebuilt rebuilt_;
};

}  // namespace

Result<Rebuilt> rebuild(Database& database, const Settings& settings, AccountReader& reader,
                        Nanos now) {
    const auto starts = database.integer("SELECT value FROM meta WHERE key = 'epoch'", 0);
    if (!starts) return starts.error();
    if (starts.value() != 0) return Rebuilt{};
    return Rebuilding{database, settings, reader, now}.work();
}

}  // namespace tranche
