// Records into SQLite: the writer with everything it does, against bare prepared inserts of as many
// rows in equal batches, in turns; and one record into the journal. One thread, pinned to the last
// core. The journal lies on tmpfs, the database in the temporary folder, or where `--folder=` says.
//
// `liquidations` is the flood of a falling market, `mixed` a busy account (RecordMarket). The bare
// side inserts one row a record into the same tables, with their indexes, in transactions of as
// many rows, synchronous=FULL, WAL, and its values lie ready to be bound. It keeps nothing up to
// date: each state of an order is an order of its own there, each state of a tranche a row of its
// history. Checked: every record is in the database, and the writer reaches 60 % of the bare side.
#include <algorithm>
#include <deque>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <string_view>
#include <unistd.h>

#include "bench/record_market.hpp"
#include "bench/report.hpp"
#include "core/clock.hpp"
#include "persist/journal.hpp"
#include "persist/migrate.hpp"
#include "persist/page_cache.hpp"
#include "persist/row_sql.hpp"
#include "persist/stored_names.hpp"
#include "persist/writer.hpp"

namespace tranche::bench {
namespace {

constexpr std::size_t symbols = 300;
constexpr std::size_t unlike_order_ids = std::size_t{1} << 19;
constexpr std::size_t at_once = std::size_t{1} << 17;  // made ready before the clock runs
constexpr int rounds = 5;

enum class Mix : std::uint8_t { liquidations, mixed };

template <class T> T need(Result<T> result) {
    if (!result.ok()) check(false, result.error().message);
    return std::move(result).value();
}

Record next(RecordMarket& market, Mix mix) {
    return mix == Mix::liquidations ? market.liquidation() : market.mixed();
}

/// Files of one side; gone at the end.
class Place {
public:
    explicit Place(const std::string& folder)
        : folder_{fmt::format("{}/tranche-writer-bench-{}-{}", folder, ::getpid(),
                              kernel_now().count)},
          journal_{fmt::format("/dev/shm/tranche-writer-bench-{}", kernel_now().count)} {}
    ~Place() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
        std::filesystem::remove(journal_, ignored);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    std::string database() const { return folder_ + "/bench.db"; }
    const std::string& journal() const { return journal_; }

private:
    std::string folder_;
    std::string journal_;
};

/// A value as SQLite wants it.
struct Cell {
    std::string_view text{};
    std::int64_t integer{};
    enum class Kind : std::uint8_t { null, integer, text } kind{Kind::null};
};

/// Visitor for `columns` that gets values ready; texts it makes are kept by the caller.
class CellMaker {
public:
    CellMaker(std::vector<Cell>& cells, std::deque<std::string>& texts, const SymbolTable& table)
        : cells_{cells}, texts_{texts}, table_{table} {}
    void integer(std::int64_t value) { cells_.push_back({{}, value, Cell::Kind::integer}); }
    void text(std::string_view value) { cells_.push_back({value, 0, Cell::Kind::text}); }
    void null() { cells_.push_back({}); }
    template <class Tag> void operator()(const char*, Fixed<Tag> value) { integer(value.raw); }
    void operator()(const char*, Nanos value) { integer(value.count); }
    void operator()(const char*, TrancheId id) {
        id == no_tranche ? null() : integer(static_cast<std::uint32_t>(id));
    }
    void operator()(const char*, SymbolId id) { text(table_.name(id)); }
    void operator()(const char*, ClientOrderId id) {
        const ClientOrderIdText made = encode(id);
        text(texts_.emplace_back(made.data(), made.size()));
    }
    template <class T>
    requires std::is_integral_v<T>
    void operator()(const char*, T value) { integer(static_cast<std::int64_t>(value)); }
    template <class E>
    requires std::is_enum_v<E>
    void operator()(const char*, E value) { text(stored_name(value)); }
    template <std::size_t size> void operator()(const char*, const std::array<char, size>& name) {
        text(texts_.emplace_back(name.data(), ::strnlen(name.data(), size)));
    }
    template <std::size_t size>
    void name(const char* column, const std::array<char, size>& text, SymbolId) {
        (*this)(column, text);
    }
    template <class T> void derived(const char* column, const T& value) { (*this)(column, value); }

private:
    std::vector<Cell>& cells_;
    std::deque<std::string>& texts_;
    const SymbolTable& table_;
};

class Bare {
public:
    explicit Bare(const std::string& folder)
        : place_{folder}, database_{need(Database::open(place_.database(), Access::write))} {
        need(migrate(database_));
        // every state of an order or a tranche comes as a row without the one it refers to
        need(database_.execute("PRAGMA foreign_keys=OFF"));
        prepare<LiquidationRow>(liquidation_, table_of<LiquidationRow>);
        prepare<OrderRow>(order_, table_of<OrderRow>);
        prepare<TrancheRow>(tranche_, "tranche_history");
        prepare<FillRow>(fill_, table_of<FillRow>);
        prepare<BalanceRow>(balance_, table_of<BalanceRow>);
    }

    /// Seconds for `count` records in batches.
    Nanos insert(RecordMarket& market, Mix mix, std::size_t count, std::size_t batch) {
        Nanos spent{};
        for (std::size_t done = 0; done < count; done += rows_.size()) {
            cells_.clear();
            rows_.clear();
            texts_.clear();
            for (std::size_t i = 0; i < std::min(at_once, count - done); ++i)
                make_ready(next(market, mix), market.symbols());
            const Nanos begin = monotonic_now();
            for (std::size_t first = 0; first < rows_.size(); first += batch) {
                auto transaction = need(Transaction::begin(database_));
                for (std::size_t i = first; i < std::min(first + batch, rows_.size()); ++i)
                    insert(rows_[i]);
                need(transaction.commit());
            }
            spent += monotonic_now() - begin;
        }
        return spent;
    }
    std::uint64_t rows() const { return sequence_; }

private:
    struct Ready {
        Statement* statement;
        std::size_t first;
        std::size_t cells;
    };
    template <class Row> void prepare(Statement& statement, std::string_view table) {
        statement = need(database_.prepare(insert_statement<Row>(table, "")));
    }
    template <class Row>
    void make_ready(Statement& statement, const Record& record, const Row& row,
                    const SymbolTable& table) {
        const std::size_t first = cells_.size();
        CellMaker maker{cells_, texts_, table};
        maker.integer(static_cast<std::int64_t>(++sequence_));
        maker.integer(record.time.count);
        columns(row, maker);
        rows_.push_back({&statement, first, cells_.size() - first});
    }
    void make_ready(const Record& made, const SymbolTable& table) {
        Record record = made;
        if (record.kind == RecordKind::liquidation)
            return make_ready(liquidation_, record, record.liquidation, table);
        if (record.kind == RecordKind::tranche)
            return make_ready(tranche_, record, record.tranche, table);
        if (record.kind == RecordKind::fill) return make_ready(fill_, record, record.fill, table);
        if (record.kind == RecordKind::balance)
            return make_ready(balance_, record, record.balance, table);
        record.order.id.generation = static_cast<std::uint32_t>(sequence_ % unlike_order_ids);
        make_ready(order_, record, record.order, table);
    }
    void insert(const Ready& row) {
        for (std::size_t i = 0; i < row.cells; ++i) {
            const Cell& cell = cells_[row.first + i];
            const int place = static_cast<int>(i) + 1;
            switch (cell.kind) {
                case Cell::Kind::integer: row.statement->bind(place, cell.integer); break;
                case Cell::Kind::text: row.statement->bind(place, cell.text); break;
                case Cell::Kind::null: row.statement->bind_null(place); break;
            }
        }
        const Step step = row.statement->step();
        if (step != Step::done) check(false, "a bare insert is taken: " + database_.reason());
        row.statement->reset();
    }

    Place place_;
    Database database_;
    Statement liquidation_, order_, tranche_, fill_, balance_;
    std::vector<Cell> cells_;
    std::vector<Ready> rows_;
    std::deque<std::string> texts_;
    std::uint64_t sequence_{};
};

class Product {
public:
    Product(const std::string& folder, const SymbolTable& table, const WriterSettings& settings)
        : place_{folder},
          journal_{need(Journal::open(place_.journal(), default_journal_records))},
          database_{need(Database::open(place_.database(), Access::write))} {
        need(migrate(database_));
        writer_.emplace(need(Writer::make(database_, journal_, settings)));
        need(journal_.start(table, 0));
    }

    /// Time of the writer alone for `count` records.
    Nanos write(RecordMarket& market, Mix mix, std::size_t count) {
        Nanos spent{};
        for (std::size_t done = 0; done < count;) {
            const std::size_t now = std::min(count - done, at_once);
            for (std::size_t i = 0; i < now; ++i)
                check(journal_.append(next(market, mix)), "the journal has room");
            done += now;
            const Nanos begin = monotonic_now();
            while (journal_.waiting() > 0)
                check(writer_->poll(kernel_now()) > 0, writer_->status().last_error);
            spent += monotonic_now() - begin;
        }
        return spent;
    }
    void check_all(std::size_t records) {
        check(writer_->status().records == records && writer_->status().rejected == 0,
              "every record is in the database");
    }

private:
    Place place_;
    Journal journal_;
    Database database_;
    std::optional<Writer> writer_;
};

std::int64_t per_second(std::size_t count, Nanos spent) {
    return static_cast<std::int64_t>(count) * 1'000'000'000 /
           std::max<std::int64_t>(spent.count, 1);
}

std::int64_t middle(std::vector<std::int64_t> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void compare(std::string_view name, Mix mix, std::size_t count, const std::string& folder) {
    const WriterSettings settings{.commit_interval = {}};
    const Nanos start = seconds(1'700'000'000);
    RecordMarket to_writer{symbols, start, microseconds(3)};
    RecordMarket to_bare{symbols, start, microseconds(3)};
    Product product{folder, to_writer.symbols(), settings};
    Bare bare{folder};
    std::vector<std::int64_t> ours, theirs, share;
    for (int round = 0; round < rounds; ++round) {
        ours.push_back(per_second(count, product.write(to_writer, mix, count)));
        theirs.push_back(per_second(count, bare.insert(to_bare, mix, count, settings.batch)));
        share.push_back(ours.back() * 100 / theirs.back());
    }
    product.check_all(count * rounds);
    check(bare.rows() == count * rounds, "every row is in the other database");
    fmt::print(
        "{:<14} writer {:>9} … {:>9} (median {:>9}), bare inserts {:>9} … {:>9} (median "
        "{:>9}) a second; share {} … {} %, median {} %\n",
        name, *std::min_element(ours.begin(), ours.end()),
        *std::max_element(ours.begin(), ours.end()), middle(ours),
        *std::min_element(theirs.begin(), theirs.end()),
        *std::max_element(theirs.begin(), theirs.end()), middle(theirs),
        *std::min_element(share.begin(), share.end()),
        *std::max_element(share.begin(), share.end()), middle(share));
    check(middle(share) >= 60, "the writer reaches 60 % of bare inserts");
}

/// Reading the clock costs as much as the append: batches of 16 are timed.
void append_records(std::size_t count) {
    constexpr std::size_t batch = 16;
    const Place place{std::filesystem::temp_directory_path().string()};
    RecordMarket market{symbols, seconds(1'700'000'000), microseconds(3)};
    Journal journal = need(Journal::open(place.journal(), default_journal_records));
    need(journal.start(market.symbols(), 0));
    std::vector<Record> records;
    for (std::size_t i = 0; i < 512; ++i) records.push_back(market.mixed());
    const Clock clock;
    Samples tenths{count / batch + 1};
    for (std::size_t done = 0; done < count; done += batch) {
        const Record* from = &records[done % records.size()];
        const Nanos begin = clock.now();
        bool all = true;
        for (std::size_t i = 0; i < batch; ++i) all = journal.append(from[i]) && all;
        const Nanos spent = clock.now() - begin;
        tenths.add(spent.count * 10 / static_cast<std::int64_t>(batch));
        check(all, "the journal has room");
        for (std::size_t i = 0; i < batch; ++i) check(journal.peek(i) != nullptr, "it is there");
        journal.pop(batch);
    }
    print_head("one record into the journal, mean of 16", "tenths of a ns");
    print_row("append", tenths.percentiles());
}

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    using namespace tranche::bench;
    const bool smoke = is_smoke(argc, argv);
    std::string folder = std::filesystem::temp_directory_path().string();
    for (int i = 1; i < argc; ++i)
        if (const std::string_view argument{argv[i]}; argument.substr(0, 9) == "--folder=")
            folder = argument.substr(9);
    pin_to_core(hot_core());
    if (auto reserved = tranche::reserve_page_caches(); !reserved)
        check(false, reserved.error().message);
    append_records(smoke ? 100'000 : 4'000'000);
    fmt::print("\nrecords into SQLite, {} symbols, {} rounds in turns\n", symbols, rounds);
    compare("liquidations", Mix::liquidations, smoke ? 40'000 : 400'000, folder);
    compare("mixed", Mix::mixed, smoke ? 40'000 : 400'000, folder);
}
