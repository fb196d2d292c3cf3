// The Python bot's database as it lies there: recognised by its schema's facts, read row by row,
// never written. Source: reference-behaviour.md §9.1, §9.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "persist/database.hpp"

namespace tranche {

/// Which age of the old schema.
enum class OldVariant : std::uint8_t {
    first_days,       // V1: no order_type in trades
    before_tranches,  // V2: no position_tranches
    numbered,         // V3: tranche_id counts over all symbols
    repaired,         // V4: trades has both qty and quantity, tranches as V3
    current,          // V5
};
std::string_view name(OldVariant variant);         // V1 … V5
std::string_view description(OldVariant variant);  // in words

/// The row a table's reader stands on. Columns are found by name: their order differs.
class OldRow {
public:
    OldRow(const Statement& statement, const std::vector<std::string>& columns)
        : statement_{statement}, columns_{columns} {}

    /// Nothing for NULL and for a column that this table does not have. Valid until the next row.
    std::optional<std::string_view> text(std::string_view column) const;
    /// A whole number; nothing for anything else.
    std::optional<std::int64_t> whole(std::string_view column) const;
    std::int64_t number() const { return statement_.integer(0); }  // rowid, or place without one
    /// The whole row as one JSON object.
    std::string_view content() const { return statement_.text(1); }

private:
    const Statement& statement_;
    const std::vector<std::string>& columns_;
};

class OldFile {
public:
    /// Reads the file as it is; with a write-ahead log or a rollback journal beside it that holds
    /// something, a copy made in `scratch` (a folder) is read instead, so that the old files stay
    /// as they are. Errors: `not_found`, `bad_data` (no database, damaged, or not the old bot's),
    /// `io`, `cannot_write` (the copy).
    static Result<OldFile> open(const std::string& path, const std::string& scratch);

    OldVariant variant() const { return variant_; }
    const std::string& path() const { return path_; }
    /// Tables with rows of their own, in the order of their names.
    const std::vector<std::string>& tables() const { return tables_; }
    bool has(std::string_view table) const;
    bool has_column(std::string_view table, std::string_view column);

    /// Calls `each` for every row in the order of its number; returns how many there were.
    template <class Each> Result<std::int64_t> each_row(const std::string& table, Each each) {
        std::vector<std::string> columns;
        auto prepared = select(table, columns);
        if (!prepared) return prepared.error();
        Statement& statement = prepared.value();
        std::int64_t rows = 0;
        Step step = statement.step();
        for (; step == Step::row; step = statement.step(), ++rows) {
            const Result<Done> done = each(OldRow{statement, columns});
            if (!done) return done.error();
        }
        if (step != Step::done) return database_.error("reading table " + table);
        return rows;
    }

private:
    OldFile(std::string path, Database database)
        : path_{std::move(path)}, database_{std::move(database)} {}
    Result<Done> look_inside();
    Result<Done> check_pages();
    Result<Done> recognise();
    Result<std::vector<std::string>> column_names(const std::string& table);
    Result<Statement> select(const std::string& table, std::vector<std::string>& columns);

    std::string path_;
    Database database_;
    std::vector<std::string> tables_;
    OldVariant variant_{};
};

}  // namespace tranche
