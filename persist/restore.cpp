#include "persist/restore.hpp"

#include <cstdint>
#include <fmt/format.h>
#include <limits>
#include <utility>

#include "persist/row_reader.hpp"

namespace tranche {
namespace {

constexpr std::int64_t day = seconds(24 * 3600).count;

Result<std::uint32_t> next_epoch(Database& database) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return transaction.error();
    const auto epoch = database.integer(
        "UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value", 0);
    if (!epoch) return epoch.error();
    if (epoch.value() < 1 || epoch.value() > std::numeric_limits<std::uint32_t>::max())
        return Error{ErrorKind::bad_data,
                     fmt::format("database {}: meta.epoch is {}, not a count of starts; restore a "
                                 "backup or start with a new file",
                                 database.path(), epoch.value())};
    const auto done = transaction.value().commit();
    if (!done) return done.error();
    return static_cast<std::uint32_t>(epoch.value());
}

/// Rows that `tail` picks, those of symbols that are not listed any more left out.
template <class Row>
Result<Done> read(Database& database, const SymbolTable& symbols, std::string_view tail,
                  std::initializer_list<Parameter> parameters, std::vector<Row>& rows,
                  std::vector<std::string>& warnings) {
    auto selected = select_rows<Row>(database, &symbols, table_of<Row>, tail, parameters);
    if (!selected) return selected.error();
    rows.reserve(selected.value().size());
    for (const Stored<Row>& stored : selected.value()) {
        if (stored.row.symbol != no_symbol)
            rows.push_back(stored.row);
        else
            warnings.push_back(fmt::format(
                "database {}: {} of {} (sequence {}) left out: the exchange lists no such symbol",
                database.path(), table_of<Row>, stored.symbol, stored.sequence));
    }
    return Done{};
}

/// The newest episode of each side key and the ordinal after the last one used in it.
Result<Done> read_episodes(Database& database, const SymbolTable& symbols, Restored& restored) {
    auto prepared = database.prepare(
        "SELECT newest.symbol, newest.side, newest.episode, max(t.ordinal) + 1 "
        "FROM (SELECT symbol, side, max(episode) AS episode FROM tranches GROUP BY symbol, side) "
        "AS newest JOIN tranches t ON t.symbol = newest.symbol AND t.side = newest.side "
        "AND t.episode = newest.episode GROUP BY newest.symbol, newest.side");
    if (!prepared) return prepared.error();
    Statement& statement = prepared.value();
    Step step = statement.step();
    for (; step == Step::row; step = statement.step()) {
        const SymbolId symbol = symbols.find(statement.text(0));
        const auto side = from_stored_name<PositionSide>(statement.text(1));
        if (symbol == no_symbol || !side) continue;
        restored.episode_keys.push_back({symbol, *side,
                                         static_cast<std::uint32_t>(statement.integer(2)),
                                         static_cast<std::uint32_t>(statement.integer(3))});
    }
    if (step != Step::done) return database.error("reading episodes");
    return Done{};
}

Result<Done> read_totals(Database& database, Nanos now, Restored& restored) {
    auto prepared = database.prepare(
        "SELECT ifnull(sum(realized_e8), 0), "
        "ifnull(sum(iif(commission_asset = 'usdt', commission_e8, 0)), 0) "
        "FROM fills WHERE trade_ns >= ?");
    if (!prepared) return prepared.error();
    Statement& statement = prepared.value();
    statement.bind(1, now.count - now.count % day);
    if (statement.step() != Step::row) return database.error("reading the day's result");
    restored.realized_today.raw = statement.integer(0);
    restored.fees_today.raw = statement.integer(1);
    return Done{};
}

}  // namespace

Result<Done> claim_account(Database& database, const std::string& account) {
    auto insert = database.prepare("INSERT OR IGNORE INTO meta VALUES ('account', ?)");
    if (!insert) return insert.error();
    insert.value().bind(1, account);
    if (insert.value().step() != Step::done) return database.error("claiming it for the account");
    auto query = database.prepare("SELECT value FROM meta WHERE key = 'account'");
    if (!query) return query.error();
    if (query.value().step() != Step::row) return database.error("reading its account");
    const auto owner = query.value().text(0);
    if (owner == account) return Done{};
    return Error{ErrorKind::settings,
                 fmt::format("storage.database {}: belongs to account {}, but the credentials are "
                             "those of {}. Name the database of this account, or use the other "
                             "credentials",
                             database.path(), owner, account)};
}

Result<Restored> restore(Database& database, const SymbolTable& symbols, Nanos window, Nanos now,
                         std::vector<std::string>& warnings) {
    const auto epoch = next_epoch(database);
    if (!epoch) return epoch.error();
    Restored restored;
    restored.epoch = epoch.value();
    const auto newest = database.integer("SELECT max(id) FROM tranches", 0);
    if (!newest) return newest.error();
    restored.next_tranche = static_cast<std::uint32_t>(newest.value()) + 1;
    for (const auto& done : {
             read(database, symbols, "WHERE open = 1 ORDER BY id", {}, restored.tranches, warnings),
             read(database, symbols, "WHERE open = 1 ORDER BY id", {}, restored.orders, warnings),
             read(database, symbols, "WHERE trade_ns >= ? ORDER BY sequence", {now.count - 7 * day},
                  restored.recent_fills, warnings),
             read(database, symbols, "WHERE arrival_ns >= ? ORDER BY sequence",
                  {(now - window).count}, restored.window, warnings),
             read_episodes(database, symbols, restored),
             read_totals(database, now, restored),
         })
        if (!done) return done.error();
    return restored;
}

}  // namespace tranche
