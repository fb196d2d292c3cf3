#include "persist/row_writer.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <type_traits>

#include "persist/row_sql.hpp"
#include "persist/stored_names.hpp"

namespace tranche {
namespace {

/// Visitor for `columns` that binds each field; remembers the first one that cannot be stored.
/// Lives until the statement was stepped: it keeps the text of the client order id.
class RowBinder {
public:
    RowBinder(Statement& statement, const Journal& names) : statement_{statement}, names_{names} {}

    void integer(std::int64_t value) { statement_.bind(next_++, value); }
    template <class Tag> void operator()(const char*, Fixed<Tag> value) { integer(value.raw); }
    void operator()(const char*, Nanos value) { integer(value.count); }
    void operator()(const char*, TrancheId id) {
        if (id == no_tranche)
            statement_.bind_null(next_++);
        else
            integer(static_cast<std::uint32_t>(id));
    }
    void operator()(const char* column, SymbolId id) {
        const auto name = names_.symbol_name(id);
        if (!name.empty()) return statement_.bind(next_++, name);
        statement_.bind_null(next_++);
        if (id != no_symbol) problem_ = column;
    }
    void operator()(const char* column, const ClientOrderId& id) {
        if (id == ClientOrderId{}) return statement_.bind_null(next_++);
        // the layout of the text has room for no more; such an id cannot have come from us
        const bool fits =
            id.instance < 1024 && id.generation <= max_generation && !stored_name(id.role).empty();
        if (!fits) {
            problem_ = column;
            return statement_.bind_null(next_++);
        }
        id_text_ = encode(id);
        statement_.bind(next_++, std::string_view{id_text_.data(), id_text_.size()});
    }
    template <class T>
    requires std::is_integral_v<T>
    void operator()(const char*, T value) { integer(static_cast<std::int64_t>(value)); }
    template <class E>
    requires std::is_enum_v<E>
    void operator()(const char* column, E value) {
        const auto name = stored_name(value);
        if (name.empty()) problem_ = column;
        statement_.bind(next_++, name);
    }
    template <std::size_t size> void operator()(const char*, const std::array<char, size>& text) {
        statement_.bind(next_++, std::string_view{text.data(), ::strnlen(text.data(), size)});
    }
    template <std::size_t size>
    void name(const char* column, const std::array<char, size>& text, SymbolId) {
        if (text[0] == '\0') problem_ = column;
        (*this)(column, text);
    }
    template <class T> void derived(const char* column, const T& value) { (*this)(column, value); }

    /// Sequence and time of the record, then the row.
    template <class Row> void whole(const Record& record, const Row& row) {
        integer(static_cast<std::int64_t>(record.sequence));
        integer(record.time.count);
        columns(row, *this);
    }

    /// Column that cannot be stored, or null.
    const char* problem() const { return problem_; }

private:
    Statement& statement_;
    const Journal& names_;
    int next_{1};
    const char* problem_{};
    ClientOrderIdText id_text_{};
};

template <class Row>
Result<Done> prepare_insert(Database& database, Statement& statement, std::string_view conflict,
                            std::string_view table = table_of<Row>, std::size_t rows = 1) {
    auto prepared = database.prepare(insert_statement<Row>(table, conflict, rows));
    if (!prepared) return prepared.error();
    statement = std::move(prepared).value();
    return Done{};
}

Result<Done> prepare_plain(Database& database, Statement& statement, std::string_view sql) {
    auto prepared = database.prepare(sql);
    if (!prepared) return prepared.error();
    statement = std::move(prepared).value();
    return Done{};
}

}  // namespace

Result<RowWriter> RowWriter::prepare(Database& database) {
    RowWriter writer{database};
    for (const auto& done : {
             prepare_insert<LiquidationRow>(database, writer.liquidation_, ""),
             prepare_insert<LiquidationRow>(database, writer.liquidations_, "",
                                            table_of<LiquidationRow>, liquidations_at_once),
             prepare_plain(database, writer.run_,
                           "INSERT INTO liquidation_runs VALUES (?, ?, ?, ?)"),
             prepare_insert<OrderRow>(database, writer.order_, "(client_order_id)"),
             prepare_insert<FillRow>(database, writer.fill_,
                                     "(symbol, trade_id, order_id, ifnull(tranche_id, 0)) "
                                     "WHERE trade_id <> 0"),
             prepare_insert<TrancheRow>(database, writer.tranche_, "(id)"),
             prepare_insert<TrancheRow>(database, writer.tranche_history_, "", "tranche_history"),
             prepare_insert<ModeRow>(database, writer.mode_, ""),
             prepare_insert<AlarmRow>(database, writer.alarm_, ""),
             prepare_insert<BalanceRow>(database, writer.balance_, ""),
             prepare_insert<MergeRow>(database, writer.merge_, ""),
             prepare_plain(database, writer.rejected_,
                           "INSERT INTO rejected_records VALUES (?, ?, ?, ?, ?)"),
             prepare_plain(database, writer.progress_,
                           "UPDATE meta SET value = ? WHERE key = 'journal_sequence'"),
         })
        if (!done) return done.error();
    return writer;
}

Step RowWriter::write(const Record& record, const Journal& names, std::string& why) {
    switch (record.kind) {
        case RecordKind::liquidation:
            return put(liquidation_, record, record.liquidation, names, why);
        case RecordKind::order: return put(order_, record, record.order, names, why);
        case RecordKind::fill: return put(fill_, record, record.fill, names, why);
        case RecordKind::tranche: {
            const Step step = write_state(record, names, why);
            return step == Step::done ? write_history(record, names, why) : step;
        }
        case RecordKind::mode: return put(mode_, record, record.mode, names, why);
        case RecordKind::alarm: return put(alarm_, record, record.alarm, names, why);
        case RecordKind::balance: return put(balance_, record, record.balance, names, why);
        case RecordKind::merge: return put(merge_, record, record.merge, names, why);
    }
    why = "unknown kind of record";
    return Step::constraint;
}

template <class Row>
Step RowWriter::put(Statement& statement, const Record& record, const Row& row,
                    const Journal& names, std::string& why) {
    RowBinder binder{statement, names};
    binder.whole(record, row);
    if (binder.problem() != nullptr) {
        why = std::string{table_of<Row>} + "." + binder.problem() + " cannot be stored";
        return Step::constraint;
    }
    const Step step = statement.step();
    if (step == Step::constraint) why = database_->reason();
    statement.reset();
    return step;
}

Step RowWriter::write_liquidations(std::span<const Record* const> records, const Journal& names) {
    RowBinder binder{liquidations_, names};
    for (const Record* record : records) binder.whole(*record, record->liquidation);
    return binder.problem() != nullptr ? Step::constraint : finish(liquidations_);
}

Step RowWriter::write_run(std::span<const LiquidationKey> run) {
    Nanos newest{};
    sequences_ = "[";
    for (const LiquidationKey& key : run) {
        newest = std::max(newest, key.arrival);
        if (sequences_.size() > 1) sequences_ += ',';
        const fmt::format_int digits{key.sequence};
        sequences_.append(digits.data(), digits.size());
    }
    sequences_ += ']';
    const auto& name = run.front().name;
    run_.bind(1, std::string_view{name.data(), ::strnlen(name.data(), name.size())});
    run_.bind(2, newest.count);
    run_.bind(3, static_cast<std::int64_t>(run.back().sequence));
    run_.bind(4, sequences_);
    return finish(run_);
}

Step RowWriter::write_state(const Record& newest, const Journal& names, std::string& why) {
    if (newest.kind == RecordKind::order) return put(order_, newest, newest.order, names, why);
    if (newest.tranche.id == no_tranche) {
        why = "tranches.id is 0";
        return Step::constraint;
    }
    return put(tranche_, newest, newest.tranche, names, why);
}

Step RowWriter::write_history(const Record& record, const Journal& names, std::string& why) {
    return put(tranche_history_, record, record.tranche, names, why);
}

Step RowWriter::quarantine(const Record& record, std::string_view why) {
    rejected_.bind(1, static_cast<std::int64_t>(record.sequence));
    rejected_.bind(2, record.time.count);
    rejected_.bind(3, static_cast<std::int64_t>(record.kind));
    rejected_.bind(4, why);
    rejected_.bind_blob(5, &record, sizeof record);
    return finish(rejected_);
}

Step RowWriter::save_progress(std::uint64_t sequence) {
    progress_.bind(1, static_cast<std::int64_t>(sequence));
    return finish(progress_);
}

Step RowWriter::finish(Statement& statement) {
    const Step step = statement.step();
    statement.reset();
    return step;
}

}  // namespace tranche
