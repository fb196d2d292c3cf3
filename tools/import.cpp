// `tranche import`: the old bot's database into a new one, once.
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdlib.h>
#include <system_error>

#include "core/settings.hpp"
#include "persist/instance_lock.hpp"
#include "persist/journal.hpp"
#include "persist/migrate.hpp"
#include "persist/old_import.hpp"
#include "tools/exit_codes.hpp"
#include "tools/file_digest.hpp"
#include "tools/identity.hpp"
#include "tools/record_log.hpp"
#include "tools/verbs.hpp"

namespace tranche {
namespace {

namespace files = std::filesystem;
using Json = nlohmann::ordered_json;

/// A folder that is gone at the end.
class Scratch {
public:
    explicit Scratch(const std::string& beside) : path_{beside + ".import-XXXXXX"} {
        if (::mkdtemp(path_.data()) == nullptr) path_.clear();
    }
    ~Scratch() {
        std::error_code ignored;
        if (!path_.empty()) files::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

std::string report_text(const ImportReport& report) {
    Json tables = Json::object();
    for (const auto& [table, counts] : report.tables) {
        Json reasons = Json::array();
        for (const auto& [why, rows] : counts.reasons)
            reasons.push_back(
                {{"outcome", name(why.first)}, {"reason", why.second}, {"rows", rows}});
        tables[table] = {{"rows", counts.rows},
                         {"taken", counts.taken},
                         {"changed", counts.changed},
                         {"ignored", counts.ignored},
                         {"reasons", reasons}};
    }
    return Json{{"tables", tables},
                {"open_tranches", report.open_tranches},
                {"old_exits", report.old_exits}}
        .dump();
}

/// What the user is told: the same object with and without an import that was done before.
Json answer(const ImportOptions& options, const std::string& into, std::string_view variant,
            const std::string& report, std::optional<Nanos> before) {
    Json whole = Json::parse(report);
    Json told{{"source", options.source},
              {"into", into},
              {"variant", variant},
              {"sha256", options.digest},
              {"already_imported", before.has_value()}};
    if (before) told["imported_at"] = timestamp(*before);
    for (const auto& [key, value] : whole.items()) told[key] = value;
    return told;
}

void print_table(const std::string& table, const Json& counts) {
    fmt::print("{:<26}{:>10} rows: {:>9} taken {:>9} changed {:>9} ignored\n", table,
               counts["rows"].get<std::int64_t>(), counts["taken"].get<std::int64_t>(),
               counts["changed"].get<std::int64_t>(), counts["ignored"].get<std::int64_t>());
    for (const Json& reason : counts["reasons"])
        fmt::print("{:>36} {}: {}\n", reason["rows"].get<std::int64_t>(),
                   reason["outcome"].get<std::string>(), reason["reason"].get<std::string>());
}

void print(const Json& told, bool as_json) {
    if (as_json) {
        fmt::print("{}\n", told.dump());
        return;
    }
    if (told["already_imported"].get<bool>()) {
        fmt::print("{} was taken over into {} at {} already; nothing was changed\n",
                   told["source"].get<std::string>(), told["into"].get<std::string>(),
                   told["imported_at"].get<std::string>());
        return;
    }
    fmt::print("{} ({}) into {}\n", told["source"].get<std::string>(),
               told["variant"].get<std::string>(), told["into"].get<std::string>());
    for (const auto& [table, counts] : told["tables"].items()) print_table(table, counts);
    fmt::print(
        "{} open tranches; none is trusted before the exchange was asked what is held: `tranche "
        "run` does that before its first order\n",
        told["open_tranches"].get<std::int64_t>());
    if (!told["old_exits"].empty())
        fmt::print(
            "The old bot's exit orders stay at the exchange beside the new ones; cancel them once "
            "the page shows the tranches protected: {}\n",
            told["old_exits"].dump());
}

/// The lock of a running instance is its journal's; records in it would belong to another past.
Result<Done> check_journal(const Settings& settings) {
    aster::NonceSource nonces;
    std::string account;
    if (settings.storage.journal.empty()) {
        const auto identity = identify(settings, nonces);
        if (!identity) return Done{};  // without credentials nobody runs under this account either
        account = identity.value().account;
    }
    const std::string path = journal_path(settings, account);
    std::error_code failed;
    if (!files::exists(path, failed)) return Done{};
    const auto journal = Journal::open(path, default_journal_records);
    if (!journal) return journal.error();
    if (journal.value().left_over() == 0) return Done{};
    return Error{ErrorKind::bad_data,
                 fmt::format("journal {}: holds {} records that are in no database yet. Start "
                             "`tranche run` with the database they belong to, stop it, and import "
                             "then",
                             path, journal.value().left_over())};
}

Result<Done> must_be_new(Database& into) {
    const auto starts = into.integer("SELECT value FROM meta WHERE key = 'epoch'", 0);
    if (!starts) return starts.error();
    const auto rows =
        into.integer("SELECT (SELECT count(*) FROM tranches) + (SELECT count(*) FROM orders)", 0);
    if (!rows) return rows.error();
    if (starts.value() == 0 && rows.value() == 0) return Done{};
    return Error{ErrorKind::bad_data,
                 fmt::format("database {}: has been run with, or holds another import. Name a new "
                             "file with --into, and in storage.database",
                             into.path())};
}

std::vector<std::string> with_sidecars(const std::string& path) {
    return {path, path + "-wal", path + "-journal"};
}

class Importing {
public:
    Importing(const ImportVerbOptions& wanted, Settings settings)
        : wanted_{wanted}, settings_{std::move(settings)} {
        if (wanted_.into.empty()) wanted_.into = settings_.storage.database;
    }

    Result<Json> work() {
        options_.source = wanted_.old_database;
        options_.now = kernel_now();
        for (const SymbolSettings& symbol : settings_.engine.symbols)
            options_.symbols.insert(symbol.name);
        std::error_code failed;
        if (!files::exists(wanted_.old_database, failed))
            return Error{ErrorKind::not_found,
                         fmt::format("{}: there is no such file", wanted_.old_database)};
        if (files::equivalent(wanted_.old_database, wanted_.into, failed))
            return Error{ErrorKind::usage, "--into names the old database itself"};
        auto digest = digest_of(with_sidecars(wanted_.old_database));
        if (!digest) return digest.error();
        options_.digest = digest.value();
        const bool fresh = !files::exists(wanted_.into, failed);
        auto told = into_database();
        if (!told && fresh) remove_new();
        return told;
    }

private:
    Result<Json> into_database() {
        auto lock = InstanceLock::take(wanted_.into);
        if (!lock) return lock.error();
        if (auto done = check_journal(settings_); !done) return done.error();
        const Scratch scratch{wanted_.into};
        if (scratch.path().empty())
            return Error{ErrorKind::cannot_write,
                         fmt::format("{}: no folder can be made beside it", wanted_.into)};
        auto old = OldFile::open(wanted_.old_database, scratch.path());
        if (!old) return old.error();
        auto into = Database::open(wanted_.into, Access::write);
        if (!into) return into.error();
        if (auto done = migrate(into.value()); !done) return done.error();
        return take_over(old.value(), into.value());
    }

    Result<Json> take_over(OldFile& old, Database& into) {
        const auto earlier = earlier_imports(into);
        if (!earlier) return earlier.error();
        for (const EarlierImport& one : earlier.value())
            if (one.digest == options_.digest)
                return answer(options_, wanted_.into, one.variant, one.report, one.time);
        if (auto done = must_be_new(into); !done) return done.error();
        options_.confirm = [this] { return still_the_same(); };
        const auto report = import_old(old, into, options_, report_text);
        if (!report) return report.error();
        return answer(options_, wanted_.into, name(old.variant()), report_text(report.value()),
                      std::nullopt);
    }

    Result<Done> still_the_same() const {
        const auto after = digest_of(with_sidecars(wanted_.old_database));
        if (!after) return after.error();
        if (after.value() == options_.digest) return Done{};
        return Error{ErrorKind::bad_data,
                     fmt::format("{}: was written while it was read; nothing was taken over. Stop "
                                 "the old bot and import again",
                                 wanted_.old_database)};
    }

    /// Nothing half done is left where there was nothing before.
    void remove_new() const {
        std::error_code ignored;
        for (const char* suffix : {"", "-wal", "-shm"})
            files::remove(wanted_.into + suffix, ignored);
    }

    ImportVerbOptions wanted_;
    Settings settings_;
    ImportOptions options_;
};

}  // namespace

int import_database(const ImportVerbOptions& options) {
    auto settings = load_settings_file(options.settings);
    if (!settings) return report(settings.error());
    const auto told = Importing{options, std::move(settings).value()}.work();
    if (!told) return report(told.error());
    print(told.value(), options.json);
    return 0;
}

}  // namespace tranche
