#include "persist/old_file.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>

namespace tranche {
namespace {

namespace files = std::filesystem;

/// Columns of a row that its JSON text has room for: SQLite's functions take 127 values.
constexpr std::ptrdiff_t most_noted = 60;

std::string in_quotes(std::string_view name, char quote) {
    std::string text{quote};
    for (const char c : name) {
        text += c;
        if (c == quote) text += c;
    }
    return text + quote;
}

bool holds_something(const std::string& path) {
    std::error_code failed;
    const auto size = files::file_size(path, failed);
    return !failed && size > 0;
}

/// A consistent copy of the file with what stands beside it; SQLite then recovers the copy.
Result<std::string> copy_aside(const std::string& path, const std::string& scratch) {
    const std::string copy = (files::path{scratch} / "old.db").string();
    std::error_code failed;
    for (const char* suffix : {"", "-wal", "-journal"}) {
        if (!files::exists(path + suffix, failed)) continue;
        files::copy_file(path + suffix, copy + suffix, files::copy_options::overwrite_existing,
                         failed);
        if (failed)
            return Error{ErrorKind::cannot_write, fmt::format("copying {}{} to {}: {}", path,
                                                              suffix, copy, failed.message())};
        files::permissions(copy + suffix, files::perms::owner_read | files::perms::owner_write,
                           failed);
    }
    return copy;
}

Error not_ours(const std::string& path, const std::string& why) {
    return {ErrorKind::bad_data,
            fmt::format("{}: not a database of the old bot: {}. Expected its bot.db (data/bot.db "
                        "below its folder)",
                        path, why)};
}

Error damaged(const std::string& path, const std::string& found) {
    return {ErrorKind::bad_data,
            fmt::format("{}: the database is damaged ({}). Nothing was taken over. `sqlite3 {} "
                        ".recover | sqlite3 recovered.db` may save what can be read; import "
                        "recovered.db then",
                        path, found, path)};
}

/// What SQLite says of the file, in words about the file.
Error about(const std::string& path, const Error& error) {
    if (error.message.starts_with(path)) return error;
    if (error.message.find("(SQLite 26)") != std::string::npos)
        return not_ours(path, "it is not a database");
    if (error.kind == ErrorKind::bad_data) return damaged(path, error.message);
    return {error.kind, fmt::format("{}: {}", path, error.message)};
}

}  // namespace

std::string_view name(OldVariant variant) {
    switch (variant) {
        case OldVariant::first_days: return "V1";
        case OldVariant::before_tranches: return "V2";
        case OldVariant::numbered: return "V3";
        case OldVariant::repaired: return "V4";
        case OldVariant::current: return "V5";
    }
    return "?";
}

std::string_view description(OldVariant variant) {
    switch (variant) {
        case OldVariant::first_days: return "of its first days, without order types";
        case OldVariant::before_tranches: return "from before it had tranches";
        case OldVariant::numbered: return "tranches numbered over all symbols";
        case OldVariant::repaired: return "made by its repair script, with doubled columns";
        case OldVariant::current: return "its newest form";
    }
    return "?";
}

std::optional<std::string_view> OldRow::text(std::string_view column) const {
    const auto found = std::ranges::find(columns_, column);
    if (found == columns_.end()) return std::nullopt;
    const auto at = static_cast<int>(found - columns_.begin()) + 2;
    if (statement_.is_null(at)) return std::nullopt;
    return statement_.text(at);
}

std::optional<std::int64_t> OldRow::whole(std::string_view column) const {
    const auto written = text(column);
    if (!written) return std::nullopt;
    std::string_view digits = *written;
    if (digits.ends_with(".0")) digits.remove_suffix(2);  // an integer kept in a REAL column
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

Result<OldFile> OldFile::open(const std::string& path, const std::string& scratch) {
    std::error_code failed;
    if (!files::exists(path, failed))
        return Error{ErrorKind::not_found, fmt::format("{}: there is no such file", path)};
    if (!files::is_regular_file(path, failed))
        return Error{ErrorKind::bad_data, fmt::format("{}: not a file", path)};
    if (files::file_size(path, failed) == 0) return not_ours(path, "it is empty");
    const bool more = holds_something(path + "-wal") || holds_something(path + "-journal");
    std::string reading = path;
    if (more) {
        auto copy = copy_aside(path, scratch);
        if (!copy) return copy.error();
        reading = copy.value();
    }
    auto database = Database::open(reading, more ? Access::write : Access::frozen);
    if (!database) return about(path, database.error());
    OldFile file{path, std::move(database).value()};
    if (auto done = file.look_inside(); !done) return about(path, done.error());
    return file;
}

Result<Done> OldFile::look_inside() {
    auto listing = database_.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\' ORDER BY name");
    if (!listing) return listing.error();
    Step step = listing.value().step();
    for (; step == Step::row; step = listing.value().step())
        tables_.emplace_back(listing.value().text(0));
    if (step != Step::done) return database_.error("reading its tables");
    if (auto done = check_pages(); !done) return done;
    return recognise();
}

Result<Done> OldFile::check_pages() {
    auto check = database_.prepare("PRAGMA integrity_check(3)");
    if (!check) return check.error();
    std::string found;
    Step step = check.value().step();
    for (; step == Step::row; step = check.value().step())
        found.append(found.empty() ? "" : "; ").append(check.value().text(0));
    if (step != Step::done) return database_.error("checking its pages");
    if (found == "ok") return Done{};
    return damaged(path_, found);
}

bool OldFile::has(std::string_view table) const {
    return std::ranges::find(tables_, table) != tables_.end();
}

Result<std::vector<std::string>> OldFile::column_names(const std::string& table) {
    auto listing = database_.prepare("SELECT name FROM pragma_table_info(?) ORDER BY cid");
    if (!listing) return listing.error();
    listing.value().bind(1, table);
    std::vector<std::string> names;
    while (listing.value().step() == Step::row) names.emplace_back(listing.value().text(0));
    return names;
}

bool OldFile::has_column(std::string_view table, std::string_view column) {
    const auto names = column_names(std::string{table});
    return names && std::ranges::find(names.value(), column) != names.value().end();
}

Result<Done> OldFile::recognise() {
    if (has("schema_version"))
        return not_ours(path_, "it is one of this program's own (table schema_version)");
    for (const char* table : {"trades", "liquidations"})
        if (!has(table)) return not_ours(path_, fmt::format("it has no table {}", table));
    for (const char* column : {"timestamp", "symbol", "order_id", "side", "price", "status"})
        if (!has_column("trades", column))
            return not_ours(path_, fmt::format("its table trades has no column {}", column));
    const bool quantity = has_column("trades", "quantity");
    if (!has_column("trades", "qty") && !quantity)
        return not_ours(path_, "its table trades has no column qty");
    for (const char* column : {"timestamp", "symbol", "side", "qty", "price"})
        if (!has_column("liquidations", column))
            return not_ours(path_, fmt::format("its table liquidations has no column {}", column));
    auto counted = database_.integer(
        "SELECT count(*) FROM sqlite_master WHERE name = 'position_tranches' "
        "AND upper(sql) LIKE '%AUTOINCREMENT%'",
        0);
    if (!counted) return counted.error();
    if (quantity && has_column("trades", "position_side"))
        variant_ = OldVariant::repaired;
    else if (!has_column("trades", "order_type"))
        variant_ = OldVariant::first_days;
    else if (counted.value() > 0)
        variant_ = OldVariant::numbered;
    else if (!has("position_tranches"))
        variant_ = OldVariant::before_tranches;
    else
        variant_ = OldVariant::current;
    return Done{};
}

Result<Statement> OldFile::select(const std::string& table, std::vector<std::string>& columns) {
    auto names = column_names(table);
    if (!names) return names.error();
    columns = std::move(names).value();
    std::string listed;
    std::string object;
    for (const std::string& column : columns) {
        const std::string name = in_quotes(column, '"');
        listed += ", " + name;
        if (&column - columns.data() >= most_noted) continue;
        // JSON has no place for bytes; they are kept as hexadecimal digits
        object +=
            fmt::format("{}{}, iif(typeof({}) = 'blob', hex({}), {})", object.empty() ? "" : ", ",
                        in_quotes(column, '\''), name, name, name);
    }
    const auto sql = [&](std::string_view number) {
        return fmt::format("SELECT {}, json_object({}){} FROM {} ORDER BY 1", number, object,
                           listed, in_quotes(table, '"'));
    };
    auto statement = database_.prepare(sql("rowid"));
    if (statement) return statement;
    return database_.prepare(sql("row_number() OVER ()"));  // a table WITHOUT ROWID
}

}  // namespace tranche
