// Every question of the page over a large database: 1,000,000 liquidations, 100,000 orders with
// their tranches and fills, written by the writer itself. Each answer as the status server makes
// it, JSON included, cold and then as often as asked. Checked: each has rows and takes less than
// 50 ms (not in --smoke, which is small).
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "bench/record_market.hpp"
#include "bench/report.hpp"
#include "core/clock.hpp"
#include "net/status/routes.hpp"
#include "persist/journal.hpp"
#include "persist/migrate.hpp"
#include "persist/queries.hpp"
#include "persist/writer.hpp"
#include "tools/status_sources.hpp"

namespace tranche::bench {
namespace {

constexpr std::size_t symbols = 300;
constexpr Nanos start = seconds(1'700'000'000);
constexpr Nanos limit = milliseconds(50);

template <class T> T need(Result<T> result) {
    if (!result.ok()) check(false, result.error().message);
    return std::move(result).value();
}

/// The files; gone at the end.
class Place {
public:
    ~Place() {
        std::filesystem::remove_all(folder);
        std::filesystem::remove(journal);
    }
    std::string folder{fmt::format("{}/tranche-queries-bench-{}",
                                   std::filesystem::temp_directory_path().string(), ::getpid())};
    std::string journal{fmt::format("/dev/shm/tranche-queries-bench-{}", ::getpid())};
};

/// Orders of one in ten of the liquidations; an hour of them a symbol is a few, as in life.
std::size_t fill(const Place& place, RecordMarket& market, std::size_t liquidations) {
    Journal journal = need(Journal::open(place.journal, default_journal_records));
    Database database = need(Database::open(place.folder + "/q.db", Access::write));
    need(migrate(database));
    Writer writer = need(Writer::make(database, journal, {.liquidation_days = 0}));
    need(journal.start(market.symbols(), 0));
    std::size_t records = 0;
    const auto append = [&](const Record& record) {
        if (journal.room() * 2 < journal.capacity()) need(writer.drain(kernel_now()));
        check(journal.append(record), "the journal has room");
        ++records;
    };
    for (std::size_t i = 0; i < liquidations; ++i) {
        if (i % 40 == 0)  // five states of a tranche
            for (int state = 0; state < 5; ++state) append(market.tranche());
        append(market.liquidation());
        if (i % 10 == 0) {
            for (int state = 0; state < 4; ++state) append(market.order());
            append(market.fill());
        }
    }
    need(writer.drain(kernel_now()));
    check(writer.status().rejected == 0, "every record is in the database");
    return records;
}

void ask(Routes& routes, const std::string& path,
         std::vector<std::pair<std::string, std::string>> query, Nanos now, bool bounded) {
    constexpr int times = 5;
    Samples samples{times};
    std::size_t bytes = 0;
    std::int64_t first = 0;
    std::string text = path;
    for (const auto& [name, value] : query) text += fmt::format(" {}={}", name, value);
    const Request request{.method = "GET", .path = path, .body = {}, .query = std::move(query)};
    for (int i = 0; i < times; ++i) {
        const Nanos begin = monotonic_now();
        const Answer answer = routes.answer(request, now);
        const Nanos spent = monotonic_now() - begin;
        check(answer.status == 200 && answer.body.size() > 2, text + ": " + answer.body);
        bytes = answer.body.size();
        if (i == 0) first = spent.microseconds();
        samples.add(spent.microseconds());
    }
    print_row(text, samples.percentiles(), fmt::format("first {}, {} bytes", first, bytes));
    if (bounded) check(samples.percentiles().p50 < limit.microseconds(), text + " takes < 50 ms");
}

void run(bool smoke) {
    const Place place;
    RecordMarket market{symbols, start, milliseconds(100)};
    const Nanos begin = monotonic_now();
    const std::size_t records = fill(place, market, smoke ? 20'000 : 1'000'000);
    const Nanos spent = monotonic_now() - begin;
    fmt::print("{} records written in {} ms\n", records, spent.milliseconds());
    Database reading = need(Database::open(place.folder + "/q.db", Access::read));
    Queries queries{reading, market.symbols()};
    const StatusBoard board{symbols, 1, 1};
    const StatusSources sources{.board = board,
                                .symbols = market.symbols(),
                                .history = history_of(market.symbols(), queries),
                                .latencies = {},
                                .metrics = {},
                                .control = {},
                                .settings_json = {},
                                .process = {}};
    BoardView view{board};
    const Recent recent;
    Routes routes{sources, view, recent};
    const auto newest = need(reading.integer("SELECT max(time_ns) FROM liquidations", 0));
    const Nanos now{newest};
    const auto order = need(reading.integer("SELECT order_id FROM orders WHERE id = 7", 0));
    const std::string all = "8760";
    print_head("answers of the page", "µs");
    for (const std::string rows : {"100", "1000"}) {
        ask(routes, "/api/liquidations", {{"limit", rows}, {"hours", all}}, now, !smoke);
        ask(routes, "/api/liquidations", {{"limit", rows}, {"hours", all}, {"symbol", "S007USDT"}},
            now, !smoke);
        ask(routes, "/api/decisions", {{"limit", rows}, {"hours", all}}, now, !smoke);
        ask(routes, "/api/trades", {{"limit", rows}, {"hours", all}, {"include_all", "true"}}, now,
            !smoke);
        ask(routes, "/api/trades",
            {{"limit", rows}, {"hours", all}, {"include_all", "true"}, {"symbol", "S007USDT"}}, now,
            !smoke);
        ask(routes, "/api/tranches/history", {{"limit", rows}, {"hours", all}}, now, !smoke);
        ask(routes, "/api/tranches/history",
            {{"limit", rows}, {"hours", all}, {"symbol", "S007USDT"}}, now, !smoke);
    }
    ask(routes, fmt::format("/api/trades/{}", order), {}, now, !smoke);
}

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    tranche::bench::run(tranche::bench::is_smoke(argc, argv));
}
