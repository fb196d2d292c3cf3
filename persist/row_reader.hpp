// Reads rows back into the structs they were written from.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/clock.hpp"
#include "core/symbols.hpp"
#include "persist/database.hpp"
#include "persist/row_sql.hpp"
#include "persist/stored_names.hpp"

namespace tranche {

/// A row with what only the database knows of it. `row.symbol` is `no_symbol` unless the reader
/// was given a table that lists `symbol`.
template <class Row> struct Stored {
    Row row{};
    std::string symbol;        // name; empty where none applies
    std::uint64_t sequence{};  // of the journal record
    Nanos time{};              // of the journal record
};

/// Visitor for `columns` over the current row of a statement.
class RowReader {
public:
    RowReader(const Statement& statement, const SymbolTable* symbols)
        : statement_{statement}, symbols_{symbols} {}

    template <class Tag> void operator()(std::string_view, Fixed<Tag>& value) {
        value.raw = integer();
    }
    void operator()(std::string_view, Nanos& value) { value.count = integer(); }
    void operator()(std::string_view, TrancheId& value) {
        value = TrancheId{static_cast<std::uint32_t>(integer())};
    }
    void operator()(std::string_view, SymbolId& value) {
        symbol_ = text();
        value = symbols_ == nullptr ? no_symbol : symbols_->find(symbol_);
    }
    void operator()(std::string_view column, ClientOrderId& value) {
        const auto stored = text();
        if (stored.empty()) return;  // the order was not ours
        if (const auto id = decode_client_order_id(stored))
            value = *id;
        else
            unreadable_ = column;
    }
    template <class T>
    requires std::is_integral_v<T>
    void operator()(std::string_view, T& value) { value = static_cast<T>(integer()); }
    template <class E>
    requires std::is_enum_v<E>
    void operator()(std::string_view column, E& value) {
        if (const auto found = from_stored_name<E>(text()))
            value = *found;
        else
            unreadable_ = column;
    }
    template <std::size_t size> void operator()(std::string_view, std::array<char, size>& value) {
        const auto stored = text().substr(0, size);
        std::copy(stored.begin(), stored.end(), value.begin());
    }
    template <std::size_t size>
    void name(std::string_view column, std::array<char, size>& value, SymbolId& id) {
        (*this)(column, id);
        std::copy_n(symbol_.begin(), std::min(size, symbol_.size()), value.begin());
    }
    template <class T> void derived(std::string_view, const T&) {}

    std::string take_symbol() { return std::move(symbol_); }
    /// Column whose word this program does not know; empty if all is well.
    std::string_view unreadable() const { return unreadable_; }
    std::int64_t integer() { return statement_.integer(column_++); }
    std::string_view text() { return statement_.text(column_++); }

private:
    const Statement& statement_;
    const SymbolTable* symbols_;
    int column_{};
    std::string symbol_;
    std::string_view unreadable_;
};

using Parameter = std::variant<std::int64_t, std::string_view>;

/// Rows of `table`, whose columns are those of `Row`, that `tail` (WHERE … ORDER BY … LIMIT) picks.
/// Errors: those of the database; `bad_data` for a word or id this program does not know.
template <class Row>
Result<std::vector<Stored<Row>>> select_rows(Database& database, const SymbolTable* symbols,
                                             std::string_view table, std::string_view tail,
                                             std::initializer_list<Parameter> parameters) {
    std::string sql{"SELECT "};
    sql.append(selected_columns<Row>()).append(" FROM ").append(table).append(" ").append(tail);
    auto prepared = database.prepare(sql);
    if (!prepared) return prepared.error();
    Statement& statement = prepared.value();
    int place = 0;
    for (const Parameter& parameter : parameters) {
        ++place;
        std::visit([&](auto value) { statement.bind(place, value); }, parameter);
    }
    std::vector<Stored<Row>> rows;
    Step step = statement.step();
    for (; step == Step::row; step = statement.step()) {
        RowReader reader{statement, symbols};
        Stored<Row>& stored = rows.emplace_back();
        stored.sequence = static_cast<std::uint64_t>(reader.integer());
        stored.time.count = reader.integer();
        columns(stored.row, reader);
        stored.symbol = reader.take_symbol();
        if (!reader.unreadable().empty())
            return Error{ErrorKind::bad_data, "database " + database.path() + ": table " +
                                                  std::string{table} + ", sequence " +
                                                  std::to_string(stored.sequence) + ": column " +
                                                  std::string{reader.unreadable()} +
                                                  " holds a word this program does not know"};
    }
    if (step != Step::done) return database.error("reading " + std::string{table});
    return rows;
}

}  // namespace tranche
