// SQL text made from the columns of a row; built once per statement.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "persist/columns.hpp"

namespace tranche {

/// Collects the names that `columns` says.
class ColumnNames {
public:
    explicit ColumnNames(bool with_derived) : with_derived_{with_derived} {}

    template <class T> void operator()(std::string_view name, const T&) { all_.push_back(name); }
    template <class T> void derived(std::string_view name, const T&) {
        if (with_derived_) all_.push_back(name);
    }
    template <class T> void name(std::string_view column, const T&, SymbolId) {
        all_.push_back(column);
    }
    const std::vector<std::string_view>& all() const { return all_; }

private:
    std::vector<std::string_view> all_;
    bool with_derived_;
};

/// `sequence, time_ns, …`: what a RowReader expects.
template <class Row> std::string selected_columns() {
    ColumnNames names{false};
    const Row row{};
    columns(row, names);
    std::string text{"sequence, time_ns"};
    for (const auto name : names.all()) text.append(", ").append(name);
    return text;
}

/// Inserts so many rows, parameters in the order of `columns` after sequence and time, row by row.
/// With a `conflict` target, a row that is already there takes the new values, but for its fixed
/// columns.
template <class Row>
std::string insert_statement(std::string_view table, std::string_view conflict,
                             std::size_t rows = 1) {
    ColumnNames names{true};
    const Row row{};
    columns(row, names);
    std::string listed{"sequence, time_ns"};
    std::string places{"(?, ?"};
    std::string updates{"sequence = excluded.sequence, time_ns = excluded.time_ns"};
    for (const auto name : names.all()) {
        listed.append(", ").append(name);
        places.append(", ?");
        const auto& fixed = fixed_columns<Row>;
        if (std::find(fixed.begin(), fixed.end(), name) == fixed.end())
            updates.append(", ").append(name).append(" = excluded.").append(name);
    }
    places.append(")");
    std::string sql{"INSERT INTO "};
    sql.append(table).append(" (").append(listed).append(") VALUES ").append(places);
    for (std::size_t i = 1; i < rows; ++i) sql.append(", ").append(places);
    if (!conflict.empty())
        sql.append(" ON CONFLICT ").append(conflict).append(" DO UPDATE SET ").append(updates);
    return sql;
}

}  // namespace tranche
