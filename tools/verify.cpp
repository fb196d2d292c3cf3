// `tranche verify`: database and exchange side by side. Changes nothing on either side.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <time.h>

#include "core/settings.hpp"
#include "persist/instance_lock.hpp"
#include "persist/journal.hpp"
#include "tools/account_reader.hpp"
#include "tools/compare_books.hpp"
#include "tools/exit_codes.hpp"
#include "tools/verbs.hpp"

namespace tranche {
namespace {

using Json = nlohmann::ordered_json;

constexpr timespec between_looks{1, 0};

struct Verdicts {
    Comparison comparison;
    bool running{};  // an instance has the database open
    std::size_t journal{};
    std::uint32_t weight{};
};

Result<StoredBooks> read_stored(const std::string& path) {
    auto database = Database::open(path, Access::read);
    if (!database) return database.error();
    StoredBooks books;
    if (auto begun = database.value().execute("BEGIN"); !begun) return begun.error();
    auto tranches = select_rows<TrancheRow>(database.value(), nullptr, table_of<TrancheRow>,
                                            "WHERE open = 1 ORDER BY id", {});
    if (!tranches) return tranches.error();
    books.tranches = std::move(tranches).value();
    auto orders = select_rows<OrderRow>(database.value(), nullptr, table_of<OrderRow>,
                                        "WHERE open = 1 ORDER BY id", {});
    if (!orders) return orders.error();
    books.orders = std::move(orders).value();
    return books;
}

/// Records that no database has yet, where no instance is at work on them.
Result<std::size_t> waiting_records(const Settings& settings, const std::string& account,
                                    bool& running) {
    std::error_code failed;
    if (!std::filesystem::exists(settings.storage.database, failed)) return std::size_t{};
    const auto lock = InstanceLock::take(settings.storage.database);
    running = !lock && lock.error().kind == ErrorKind::locked;
    const std::string path = journal_path(settings, account);
    if (running || !std::filesystem::exists(path, failed)) return std::size_t{};
    const auto journal = Journal::open(path, default_journal_records);
    if (!journal) return journal.error();
    return journal.value().left_over();
}

Result<Comparison> look(AccountReader& reader, const Settings& settings) {
    ListedBooks listed;
    auto positions = reader.positions();
    if (!positions) return positions.error();
    listed.positions = std::move(positions).value();
    auto orders = reader.open_orders();
    if (!orders) return orders.error();
    listed.orders = std::move(orders).value();
    const auto stored = read_stored(settings.storage.database);
    if (!stored) return stored.error();
    return compare_books(stored.value(), listed, settings.engine);
}

/// Drops from `findings` what `before` did not have: it came while something else was on its way.
void keep_those_of(const std::vector<Finding>& before, std::vector<Finding>& findings) {
    std::erase_if(findings, [&before](const Finding& finding) {
        return std::ranges::none_of(
            before, [&finding](const Finding& old) { return old.same_as(finding); });
    });
}

/// Beside a running instance something is always on its way: what it settles by itself within the
/// patience given is no difference.
Result<Verdicts> verify_account(const Settings& settings, int patience_s) {
    if (settings.engine.simulate_only)
        return Error{ErrorKind::settings,
                     "globals.simulate_only is on: on paper no exchange holds anything that could "
                     "be compared"};
    auto reader = AccountReader::open(settings);
    if (!reader) return reader.error();
    Verdicts verdicts;
    auto waiting = waiting_records(settings, reader.value()->account(), verdicts.running);
    if (!waiting) return waiting.error();
    verdicts.journal = waiting.value();
    const Nanos begin = monotonic_now();
    for (std::optional<std::vector<Finding>> lasting;;) {
        auto comparison = look(*reader.value(), settings);
        if (!comparison) return comparison.error();
        verdicts.comparison = std::move(comparison).value();
        if (lasting) keep_those_of(*lasting, verdicts.comparison.findings);
        lasting = verdicts.comparison.findings;
        verdicts.weight = reader.value()->weight();
        const bool patient = verdicts.running && monotonic_now() - begin < seconds(patience_s);
        if (verdicts.comparison.findings.empty() || !patient) return verdicts;
        nanosleep(&between_looks, nullptr);
    }
}

Json to_json(const Verdicts& verdicts) {
    const Comparison& comparison = verdicts.comparison;
    Json findings = Json::array();
    std::int64_t unprotected = 0;
    for (const Finding& finding : comparison.findings) {
        unprotected += finding.kind == FindingKind::unprotected ? 1 : 0;
        findings.push_back(
            {{"kind", name(finding.kind)}, {"symbol", finding.symbol}, {"text", finding.text}});
    }
    return {{"ok", comparison.findings.empty() && verdicts.journal == 0},
            {"positions", comparison.positions},
            {"tranches", comparison.tranches},
            {"orders", comparison.orders},
            {"foreign_orders", comparison.foreign_orders},
            {"foreign_positions", comparison.foreign_positions},
            {"unprotected", unprotected},
            {"findings", findings},
            {"instance_running", verdicts.running},
            {"journal_records", verdicts.journal},
            {"weight", verdicts.weight}};
}

void print(const Verdicts& verdicts) {
    const Comparison& comparison = verdicts.comparison;
    for (const Finding& finding : comparison.findings)
        fmt::print("{:<14}{:<16}{}\n", name(finding.kind), finding.symbol, finding.text);
    if (verdicts.journal > 0)
        fmt::print(
            "the journal holds {} records that are not in the database yet; the next `tranche run` "
            "takes them over\n",
            verdicts.journal);
    fmt::print("{} positions, {} tranches, {} orders; {} orders and {} positions of others\n",
               comparison.positions, comparison.tranches, comparison.orders,
               comparison.foreign_orders, comparison.foreign_positions);
}

}  // namespace

int verify(const VerifyOptions& options) {
    const auto settings = load_settings_file(options.settings);
    if (!settings) return report(settings.error());
    const auto verdicts = verify_account(settings.value(), options.patience_s);
    if (!verdicts) return report(verdicts.error());
    const Json told = to_json(verdicts.value());
    if (options.json)
        fmt::print("{}\n", told.dump());
    else
        print(verdicts.value());
    return told["ok"].get<bool>() ? 0 : static_cast<int>(Exit::no);
}

}  // namespace tranche
