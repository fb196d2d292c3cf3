// The hot path while the disk stalls: one liquidation decided and its record journalled, with the
// writer beside it on the other core, once on the disk as it is and once with every sync taking one
// second longer. Both in turns in the same run; an event every 20 µs. Checked: commits did wait,
// and every record got into the journal.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <sqlite3.h>
#include <thread>
#include <time.h>
#include <unistd.h>

#include "bench/engine_market.hpp"
#include "bench/report.hpp"
#include "core/clock.hpp"
#include "persist/journal.hpp"
#include "persist/migrate.hpp"
#include "persist/writer.hpp"
#include "tests/support/disk_shim.hpp"

namespace tranche::bench {
namespace {

constexpr std::size_t symbols = 100;
constexpr Nanos gap = microseconds(20);

template <class T> T need(Result<T> result) {
    if (!result.ok()) check(false, result.error().message);
    return std::move(result).value();
}

void nap(Nanos span) {
    const timespec pause{span.count / 1'000'000'000, span.count % 1'000'000'000};
    nanosleep(&pause, nullptr);
}

SymbolTable table() {
    std::vector<SymbolRules> rules;
    for (std::size_t i = 0; i < symbols; ++i)
        rules.push_back({.name = fmt::format("S{:03}USDT", i)});
    return SymbolTable{std::move(rules), symbols};
}

class Bench {
public:
    explicit Bench(Nanos window) : window_{window} {
        std::filesystem::remove_all(folder_);
        journal_.emplace(need(Journal::open(folder_ + ".journal", default_journal_records)));
        database_.emplace(need(Database::open(folder_ + "/stall.db", Access::write)));
        need(migrate(*database_));
        writer_.emplace(need(Writer::make(*database_, *journal_, {})));
        need(journal_->start(table_, 0));
        market_.populate(2);
        writing_ = std::thread{[this] {
            pin_to_core(cold_core());
            while (!stop_.load()) {
                writer_->poll(kernel_now());
                nap(milliseconds(1));
            }
        }};
    }
    ~Bench() {
        slow_.store(false);
        stop_.store(true);
        writing_.join();
        writer_.reset();
        database_.reset();
        std::filesystem::remove_all(folder_);
        std::filesystem::remove(folder_ + ".journal");
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    void run(int rounds) {
        window(false);  // warm
        std::vector<std::int64_t> usual, stalled;
        print_head(fmt::format("a liquidation decided and journalled, {} symbols", symbols));
        for (int round = 0; round < rounds; ++round) {
            const Percentiles as_it_is = window(false);
            const Percentiles with_delay = window(true);
            print_row(fmt::format("round {}: disk as it is", round + 1), as_it_is);
            print_row(fmt::format("round {}: 1 s a sync", round + 1), with_delay);
            usual.push_back(as_it_is.p999);
            stalled.push_back(with_delay.p999);
        }
        std::sort(usual.begin(), usual.end());
        std::sort(stalled.begin(), stalled.end());
        const std::int64_t a = usual[usual.size() / 2];
        const std::int64_t b = stalled[stalled.size() / 2];
        fmt::print("p99.9, median of rounds: {} ns and {} ns, {:+} tenths of a percent\n", a, b,
                   (b - a) * 1'000 / std::max<std::int64_t>(a, 1));
        check(delayed_.load() > 0, "syncs were delayed");
        check(journal_->lost() == 0 && journal_->refused() == 0, "every record was journalled");
    }

private:
    Percentiles window(bool slow) {
        slow_.store(slow);
        Samples samples{static_cast<std::size_t>(window_.count / gap.count) + 1};
        Nanos next = clock_.now();
        const Nanos end = next + window_;
        while (next < end) {
            market_.now += gap;
            const SymbolId symbol{static_cast<std::uint16_t>(turn_++ * 37 % symbols)};
            const Event event = market_.liquidation(symbol, {Quantity::one / 1'000});
            while (clock_.now() < next) {
            }
            const Nanos begin = clock_.now();
            market_.feed(event);
            for (const Record& record : market_.out().records()) journal_->append(record);
            samples.add((clock_.now() - begin).count);
            market_.settle();
            next += gap;
        }
        return samples.percentiles();
    }
    int on_disk(const test::DiskOperation& operation) {
        if (operation.call == test::DiskCall::sync && slow_.load()) {
            delayed_.fetch_add(1);
            nap(seconds(1));
        }
        return SQLITE_OK;
    }

    Nanos window_;
    std::string folder_{fmt::format("{}/tranche-stall-bench-{}",
                                    std::filesystem::temp_directory_path().string(), ::getpid())};
    std::atomic<bool> slow_{};
    std::atomic<bool> stop_{};
    std::atomic<std::uint64_t> delayed_{};
    test::DiskShim shim_{[this](const test::DiskOperation& one) { return on_disk(one); }};
    SymbolTable table_{table()};
    std::optional<Journal> journal_;
    std::optional<Database> database_;
    std::optional<Writer> writer_;
    EngineMarket market_{symbols};
    Clock clock_;
    std::size_t turn_{};
    std::thread writing_;
};

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    using namespace tranche::bench;
    const bool smoke = is_smoke(argc, argv);
    pin_to_core(hot_core());
    Bench bench{smoke ? tranche::milliseconds(300) : tranche::seconds(4)};
    bench.run(smoke ? 1 : 5);
}
