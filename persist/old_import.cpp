#include "persist/old_import.hpp"

#include <fmt/format.h>
#include <utility>

#include "persist/old_rows.hpp"

namespace tranche {
namespace {

/// What the writer puts beside each row of its own: the first state of each tranche, and which
/// liquidations are of a symbol, minute by minute.
constexpr const char* afterwards =
    "INSERT INTO tranche_history SELECT * FROM tranches;"
    "INSERT INTO liquidation_runs SELECT symbol, max(arrival_ns), max(sequence), "
    "json_group_array(sequence) FROM liquidations GROUP BY symbol, arrival_ns / 60000000000";

using Take = Result<Done> (*)(OldRows&, const OldRow&, OldVariant, Fate&);

/// Why no row of a table is taken; empty for those that are.
std::string_view why_not(std::string_view table) {
    if (table == "positions") return "the exchange says what is held";
    if (table == "migration_status") return "about the old bot's own schema";
    if (table == "pnl_summary") return "days in local time, added up anew from income";
    if (table == "position_history") return "the old bot never wrote it; nothing here takes it";
    if (table == "position_tranches_backup") return "left over from a repair of the old bot";
    return "not a table of the old bot";
}

struct Source {
    std::string_view table;
    Take take;
};

/// In the order in which they need each other.
constexpr Source sources[] = {
    {"position_tranches", [](OldRows& rows, const OldRow& row, OldVariant variant,
                             Fate& fate) { return rows.tranche(row, variant, fate); }},
    {"order_relationships", [](OldRows& rows, const OldRow& row, OldVariant,
                               Fate& fate) { return rows.relation(row, fate); }},
    {"order_status", [](OldRows& rows, const OldRow& row, OldVariant,
                        Fate& fate) { return rows.order_status(row, fate); }},
    {"trades", [](OldRows& rows, const OldRow& row, OldVariant,
                  Fate& fate) { return rows.trade(row, fate); }},
    {"liquidations", [](OldRows& rows, const OldRow& row, OldVariant,
                        Fate& fate) { return rows.liquidation(row, fate); }},
    {"income_history", [](OldRows& rows, const OldRow& row, OldVariant,
                          Fate& fate) { return rows.income(row, fate); }},
};

bool is_source(std::string_view table) {
    for (const Source& source : sources)
        if (source.table == table) return true;
    return false;
}

/// Counts a row, and keeps it whole unless it was taken as it stood.
Result<Done> settle(const Fate& fate, const OldRow& row, std::string_view table,
                    ImportCounts& counts, Insert& note) {
    ++counts.rows;
    switch (fate.outcome()) {
        case ImportOutcome::taken: ++counts.taken; return Done{};
        case ImportOutcome::changed: ++counts.changed; break;
        case ImportOutcome::ignored: ++counts.ignored; break;
    }
    ++counts.reasons[{fate.outcome(), fate.why()}];
    note << table << row.number() << name(fate.outcome()) << std::string_view{fate.why()}
         << row.content();
    if (note.run() == Step::done) return Done{};
    return Error{ErrorKind::io, "writing the notes of the import failed"};
}

Result<Done> take_table(OldFile& old, const Source& source, OldRows& rows, Insert& note) {
    const std::string table{source.table};
    ImportCounts& counts = rows.report().tables[table];
    const auto taken = old.each_row(table, [&](const OldRow& row) -> Result<Done> {
        Fate fate;
        if (auto done = source.take(rows, row, old.variant(), fate); !done) return done;
        return settle(fate, row, table, counts, note);
    });
    if (!taken) return taken.error();
    return Done{};
}

Result<Done> ignore_table(OldFile& old, const std::string& table, OldRows& rows, Insert& note) {
    ImportCounts& counts = rows.report().tables[table];
    const auto ignored = old.each_row(table, [&](const OldRow& row) {
        Fate fate;
        fate.ignore(why_not(table));
        return settle(fate, row, table, counts, note);
    });
    if (!ignored) return ignored.error();
    return Done{};
}

Result<Done> look_ahead(OldFile& old, OldRows& rows) {
    if (old.has("position_tranches")) {
        const auto done = old.each_row("position_tranches", [&](const OldRow& row) {
            rows.note_exits(row);
            return Result<Done>{Done{}};
        });
        if (!done) return done.error();
    }
    const auto done = old.each_row("trades", [&](const OldRow& row) {
        rows.note_trade(row);
        return Result<Done>{Done{}};
    });
    if (!done) return done.error();
    return Done{};
}

Result<Done> take_all(OldFile& old, OldRows& rows, Insert& note) {
    if (auto done = look_ahead(old, rows); !done) return done;
    for (const Source& source : sources)
        if (old.has(source.table))
            if (auto done = take_table(old, source, rows, note); !done) return done;
    for (const std::string& table : old.tables())
        if (!is_source(table))
            if (auto done = ignore_table(old, table, rows, note); !done) return done;
    return Done{};
}

}  // namespace

std::string_view name(ImportOutcome outcome) {
    switch (outcome) {
        case ImportOutcome::taken: return "taken";
        case ImportOutcome::changed: return "changed";
        case ImportOutcome::ignored: return "ignored";
    }
    return "?";
}

Result<std::vector<EarlierImport>> earlier_imports(Database& into) {
    auto query = into.prepare("SELECT digest, source, variant, time_ns, report FROM imports");
    if (!query) return query.error();
    Statement& statement = query.value();
    std::vector<EarlierImport> found;
    Step step = statement.step();
    for (; step == Step::row; step = statement.step())
        found.push_back({std::string{statement.text(0)}, std::string{statement.text(1)},
                         std::string{statement.text(2)}, Nanos{statement.integer(3)},
                         std::string{statement.text(4)}});
    if (step != Step::done) return into.error("reading earlier imports");
    return found;
}

Result<ImportReport> import_old(OldFile& old, Database& into, const ImportOptions& options,
                                std::string (*to_json)(const ImportReport&)) {
    auto transaction = Transaction::begin(into);
    if (!transaction) return transaction.error();
    auto rows = OldRows::prepare(into, options);
    if (!rows) return rows.error();
    auto note = Insert::prepare(
        into,
        "INSERT INTO import_notes (source_table, source_row, outcome, reason, content) "
        "VALUES (?, ?, ?, ?, ?)");
    if (!note) return note.error();
    if (auto done = take_all(old, rows.value(), note.value()); !done) return done.error();
    ImportReport report = rows.value().report();
    auto mark = Insert::prepare(into, "INSERT INTO imports VALUES (?, ?, ?, ?, ?)");
    if (!mark) return mark.error();
    const std::string text = to_json(report);
    mark.value() << std::string_view{options.digest} << options.now.count
                 << std::string_view{options.source} << name(old.variant())
                 << std::string_view{text};
    if (mark.value().run() != Step::done) return into.error("noting the import");
    if (auto done = into.execute(afterwards); !done) return done.error();
    if (options.confirm)
        if (auto done = options.confirm(); !done) return done.error();
    if (auto done = transaction.value().commit(); !done) return done.error();
    return report;
}

}  // namespace tranche
