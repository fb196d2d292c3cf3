// What the persist tests share: a folder that goes away, symbols, and records with known content.
#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/messages.hpp"
#include "core/symbols.hpp"
#include "persist/database.hpp"
#include "persist/journal.hpp"
#include "persist/migrate.hpp"
#include "persist/writer.hpp"

namespace tranche::test {

inline constexpr Nanos start_time = seconds(1'700'000'000);
inline constexpr std::size_t small_journal = 1024;

class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "persist-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string operator/(std::string_view name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

inline SymbolTable symbols_named(const std::vector<std::string>& names) {
    std::vector<SymbolRules> rules;
    for (const auto& name : names) rules.push_back({.name = name});
    return SymbolTable{rules, names.size()};
}

/// The value of `result`; a failed expectation stops the test with its message.
template <class T> T take(Result<T> result) {
    if (!result.ok()) throw std::runtime_error(result.error().message);
    return std::move(result).value();
}

inline Database migrated(const std::string& path, int busy_milliseconds = 0) {
    Database database = take(Database::open(path, Access::write, busy_milliseconds));
    take(migrate(database));
    return database;
}

template <class Row> bool same(const Row& a, const Row& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

inline Record blank(RecordKind kind, Nanos time) {
    Record record{};
    record.kind = kind;
    record.time = time;
    return record;
}

inline Record liquidation(SymbolId symbol, std::string_view name, Nanos time) {
    Record record = blank(RecordKind::liquidation, time);
    record.liquidation.arrival_time = time;
    record.liquidation.symbol = symbol;
    record.liquidation.price = {6'500'000'000'000};
    record.liquidation.verdict = Verdict::below_threshold;
    std::copy(name.begin(), name.end(), record.liquidation.name.begin());
    return record;
}

inline Record tranche(std::uint32_t id, SymbolId symbol, Nanos time,
                      TrancheState state = TrancheState::protected_) {
    Record record = blank(RecordKind::tranche, time);
    record.tranche.id = TrancheId{id};
    record.tranche.symbol = symbol;
    record.tranche.episode = 1;
    record.tranche.state = state;
    record.tranche.created = time;
    record.tranche.updated = time;
    return record;
}

inline Record order(std::uint32_t tranche_id, std::uint32_t generation, SymbolId symbol, Nanos time,
                    OrderState state = OrderState::working) {
    Record record = blank(RecordKind::order, time);
    record.order.id = {.instance = 1,
                       .role = Role::entry,
                       .reserved = 0,
                       .epoch = 1,
                       .tranche = TrancheId{tranche_id},
                       .generation = generation};
    record.order.symbol = symbol;
    record.order.state = state;
    record.order.created = time;
    return record;
}

inline Record fill(std::uint32_t tranche_id, std::int64_t trade_id, SymbolId symbol, Nanos time) {
    Record record = blank(RecordKind::fill, time);
    record.fill.trade_id = trade_id;
    record.fill.order_id = 77;
    record.fill.tranche = TrancheId{tranche_id};
    record.fill.symbol = symbol;
    record.fill.time = time;
    record.fill.realized = {150'000'000};
    record.fill.commission = {4'000'000};
    return record;
}

/// Database, journal and writer over one folder, as a start of the process makes them; a member
/// that is destroyed without more is what a kill leaves behind.
struct Storage {
    Database database;
    Journal journal;
    Writer writer;

    explicit Storage(const Folder& folder, WriterSettings settings = {},
                     std::size_t capacity = small_journal)
        : database{migrated(folder / "t.db")},
          journal{take(Journal::open(folder / "t.journal", capacity))},
          writer{take(Writer::make(database, journal, settings))} {}

    std::size_t start(const SymbolTable& symbols, Nanos now = start_time) {
        const std::size_t drained = take(writer.drain(now));
        take(journal.start(symbols, writer.status().committed_sequence));
        return drained;
    }
    std::int64_t count(std::string_view table, std::string_view condition = "") {
        return take(database.integer(
            "SELECT count(*) FROM " + std::string{table} + " " + std::string{condition}, -1));
    }
};

}  // namespace tranche::test
