// The core ring against the cached-index floor and two kept libraries, in one run.
//
// hop: one thread, an element in and out again; nothing but the code's own cost. stream: producer
// pinned to the first core, consumer to the last; what the pair carries. echo: two rings, one
// element there and back between the two cores; half of the turn is one crossing. Every element is
// checked to be the next one and whole.
#include <benchmark/benchmark.h>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <readerwriterqueue/readerwriterqueue.h>
#include <thread>

#include "bench/cached_index_ring.hpp"
#include "bench/report.hpp"
#include "core/clock.hpp"
#include "core/messages.hpp"
#include "core/ring.hpp"

namespace tranche::bench {
namespace {

constexpr std::size_t capacity = 1024;
constexpr std::uint64_t batch = 64;          // hops between two looks at the clock
constexpr std::uint64_t messages = 1 << 17;  // one turn of `stream`
constexpr std::uint64_t chunk = 1024;        // of them between two looks at the clock
constexpr std::uint64_t echoes = 2000;       // one turn of `echo`
constexpr std::size_t most_samples = std::size_t{1} << 20;

using Number = std::uint64_t;

template <class T> struct CoreRing {
    Ring<T> ring{capacity};
    bool push(const T& value) {
        T* slot = ring.slot();
        if (slot == nullptr) return false;
        *slot = value;
        ring.publish();
        return true;
    }
    bool pop(T& value) {
        const T* front = ring.front();
        if (front == nullptr) return false;
        value = *front;
        ring.pop();
        return true;
    }
};
template <class T> struct Floor : CachedIndexRing<T> {
    Floor() : CachedIndexRing<T>{capacity} {}
};
template <class T> struct Moodycamel {
    moodycamel::ReaderWriterQueue<T> queue{capacity};
    bool push(const T& value) { return queue.try_enqueue(value); }
    bool pop(T& value) { return queue.try_dequeue(value); }
};
template <class T> struct Boost {
    boost::lockfree::spsc_queue<T, boost::lockfree::capacity<capacity>> queue;
    bool push(const T& value) { return queue.push(value); }
    bool pop(T& value) { return queue.pop(value); }
};

void fill(Number& value, std::uint64_t count) {
    value = count;
}
void fill(Event& value, std::uint64_t count) {
    value.arrival_time = {static_cast<std::int64_t>(count)};
    value.liquidation.filled = {static_cast<std::int64_t>(~count)};
}
bool is(const Number& value, std::uint64_t count) {
    return value == count;
}
bool is(const Event& value, std::uint64_t count) {
    return value.arrival_time.count == static_cast<std::int64_t>(count) &&
           value.liquidation.filled.raw == static_cast<std::int64_t>(~count);
}

/// Percentiles as counters of the running benchmark, nanoseconds an element: `elements` of them to
/// a sample, `crossings` to an iteration.
void show(benchmark::State& state, const Samples& samples, std::uint64_t elements,
          std::uint64_t crossings) {
    const Percentiles figures = samples.percentiles();
    const auto each = [elements](std::int64_t value) {
        return static_cast<double>(value) / static_cast<double>(elements);
    };
    state.counters["p50"] = each(figures.p50);
    state.counters["p99"] = each(figures.p99);
    state.counters["p99.9"] = each(figures.p999);
    state.counters["max"] = each(figures.max);
    state.counters["crossings"] = static_cast<double>(crossings);
}

template <class Queue, class T> void hop(benchmark::State& state) {
    pin_to_core(hot_core());
    const Clock clock;
    const auto queue = std::make_unique<Queue>();
    Samples samples{most_samples};
    T in{};
    T out{};
    std::uint64_t next = 0;
    bool right = true;
    for (auto _ : state) {
        const Nanos begin = clock.now();
        for (std::uint64_t i = 0; i < batch; ++i) {
            fill(in, ++next);
            right &= queue->push(in) && queue->pop(out) && is(out, next);
        }
        const Nanos took = clock.now() - begin;
        if (samples.size() < most_samples) samples.add(took.count);
        state.SetIterationTime(static_cast<double>(took.count) * 1e-9);
    }
    if (!right) state.SkipWithError("an element did not come out as it went in");
    show(state, samples, batch, batch);
}

template <class Queue, class T> void produce(Queue& queue, std::uint64_t count) {
    pin_to_core(cold_core());
    T in{};
    for (std::uint64_t i = 1; i <= count; ++i) {
        fill(in, i);
        while (!queue.push(in)) __builtin_ia32_pause();
    }
}

template <class Queue, class T> void stream(benchmark::State& state) {
    pin_to_core(hot_core());
    const Clock clock;
    Samples samples{most_samples};
    T out{};
    bool right = true;
    for (auto _ : state) {
        const auto queue = std::make_unique<Queue>();
        std::thread producer{produce<Queue, T>, std::ref(*queue), messages};
        while (!queue->pop(out)) __builtin_ia32_pause();  // both are there
        right &= is(out, 1);
        const Nanos begin = clock.now();
        Nanos last = begin;
        for (std::uint64_t i = 2; i <= messages; ++i) {
            while (!queue->pop(out)) __builtin_ia32_pause();
            right &= is(out, i);
            if (i % chunk != 0) continue;
            const Nanos now = clock.now();
            if (i != chunk) samples.add((now - last).count);
            last = now;
        }
        state.SetIterationTime(static_cast<double>((clock.now() - begin).count) * 1e-9);
        producer.join();
        right &= !queue->pop(out);
    }
    if (!right) state.SkipWithError("an element was lost, doubled, torn or out of order");
    show(state, samples, chunk, messages);
}

template <class Queue, class T> void send_back(Queue& there, Queue& back) {
    pin_to_core(cold_core());
    T value{};
    for (std::uint64_t i = 0; i < echoes; ++i) {
        while (!there.pop(value)) __builtin_ia32_pause();
        while (!back.push(value)) __builtin_ia32_pause();
    }
}

template <class Queue, class T> void echo(benchmark::State& state) {
    pin_to_core(hot_core());
    const Clock clock;
    Samples samples{most_samples};
    T value{};
    bool right = true;
    for (auto _ : state) {
        const auto there = std::make_unique<Queue>();
        const auto back = std::make_unique<Queue>();
        std::thread other{send_back<Queue, T>, std::ref(*there), std::ref(*back)};
        std::int64_t sum = 0;
        for (std::uint64_t i = 1; i <= echoes; ++i) {
            fill(value, i);
            const Nanos begin = clock.now();
            right &= there->push(value);
            while (!back->pop(value)) __builtin_ia32_pause();
            const Nanos took = clock.now() - begin;
            right &= is(value, i);
            if (i == 1) continue;  // waits for the other thread's start
            samples.add(took.count);
            sum += took.count;
        }
        other.join();
        state.SetIterationTime(static_cast<double>(sum) * 1e-9);
    }
    if (!right) state.SkipWithError("an element did not come back as it left");
    show(state, samples, 2, 2 * echoes);
}

template <template <class> class Queue, class T>
void add_one(const std::string& name, const std::string& element) {
    const std::string tail = "/" + element + "/" + name;
    const std::pair<const char*, void (*)(benchmark::State&)> kinds[] = {
        {"hop", hop<Queue<T>, T>}, {"stream", stream<Queue<T>, T>}, {"echo", echo<Queue<T>, T>}};
    for (const auto& kind : kinds)
        benchmark::RegisterBenchmark((kind.first + tail).c_str(), kind.second)
            ->UseManualTime()
            ->Unit(benchmark::kNanosecond);
}

template <class T> void add_all(const std::string& element) {
    add_one<Floor, T>("cached-index floor", element);
    add_one<CoreRing, T>("core ring", element);
    add_one<Moodycamel, T>("moodycamel", element);
    add_one<Boost, T>("boost spsc", element);
}

/// Collects what the runs said and prints one table: percentiles, and the ratio of medians to the
/// floor of the same kind and element.
class Table : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            failed_ |= run.error_occurred;
            if (run.error_occurred) {
                fmt::print(stderr, "{}: {}\n", run.benchmark_name(), run.error_message);
                continue;
            }
            const std::string name = run.benchmark_name();
            const std::string cell = name.substr(0, name.find('/', name.find('/') + 1));
            const double mean = run.GetAdjustedRealTime() / run.counters.at("crossings");
            const double median = run.counters.at("p50");
            floors_.try_emplace(cell, median);
            fmt::print("{:<44} {:>8.2f} {:>8.2f} {:>8.2f} {:>8.2f} {:>10.2f} {:>8.2f}\n", name,
                       mean, median, run.counters.at("p99").value, run.counters.at("p99.9").value,
                       run.counters.at("max").value, median / floors_.at(cell));
            std::fflush(stdout);
        }
    }
    bool failed() const { return failed_; }

private:
    std::map<std::string, double> floors_;
    bool failed_{};
};

int run(int argc, char** argv) {
    add_all<Number>("8 B");
    add_all<Event>("128 B");
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
    fmt::print(
        "ns an element; capacity {}; hop: percentiles over batches of {}; stream: over runs of {} "
        "elements, cores {} → {}; echo: half of each turn\n{:<44} {:>8} {:>8} {:>8} {:>8} {:>10} "
        "{:>8}\n",
        capacity, batch, chunk, cold_core(), hot_core(), "", "mean", "p50", "p99", "p99.9", "max",
        "p50 ÷ floor");
    Table table;
    benchmark::RunSpecifiedBenchmarks(&table);
    return table.failed() ? 1 : 0;
}

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    return tranche::bench::run(argc, argv);
}
