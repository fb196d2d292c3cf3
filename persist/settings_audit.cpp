#include "persist/settings_audit.hpp"

#include <map>
#include <string_view>

namespace tranche {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

/// As the file was: of each key its newest entry, unless that says it is gone.
Result<Values> last_known(Database& database) {
    auto prepared = database.prepare(
        "SELECT setting, after, max(id) FROM settings_audit WHERE source = 'file' "
        "GROUP BY setting");
    if (!prepared) return prepared.error();
    Statement& statement = prepared.value();
    Values values;
    Step step = statement.step();
    for (; step == Step::row; step = statement.step())
        if (!statement.is_null(1))
            values.emplace(std::string{statement.text(0)}, std::string{statement.text(1)});
    if (step != Step::done) return database.error("reading the settings of the last start");
    return values;
}

void bind_value(Statement& statement, int place, const std::string* value) {
    if (value == nullptr) return statement.bind_null(place);
    statement.bind(place, std::string_view{*value});
}

}  // namespace

Result<std::size_t> audit_settings(Database& database,
                                   const std::vector<std::pair<std::string, std::string>>& settings,
                                   Nanos now) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return transaction.error();
    auto before = last_known(database);
    if (!before) return before.error();
    auto insert = database.prepare(
        "INSERT INTO settings_audit (time_ns, source, setting, before, after) "
        "VALUES (?, 'file', ?, ?, ?)");
    if (!insert) return insert.error();
    std::size_t changes = 0;
    const auto keep = [&](const std::string& key, const std::string* was, const std::string* is) {
        insert.value().bind(1, now.count);
        insert.value().bind(2, std::string_view{key});
        bind_value(insert.value(), 3, was);
        bind_value(insert.value(), 4, is);
        const Step step = insert.value().step();
        insert.value().reset();
        ++changes;
        return step == Step::done;
    };
    for (const auto& [key, value] : settings) {
        const auto known = before.value().find(key);
        const bool is_new = known == before.value().end();
        if (is_new || known->second != value)
            if (!keep(key, is_new ? nullptr : &known->second, &value))
                return database.error("keeping a change of the settings");
        if (!is_new) before.value().erase(known);
    }
    for (const auto& [key, value] : before.value())
        if (!keep(key, &value, nullptr)) return database.error("keeping a change of the settings");
    if (auto done = transaction.value().commit(); !done) return done.error();
    return changes;
}

}  // namespace tranche
