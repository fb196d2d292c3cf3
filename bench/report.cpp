#include "bench/report.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <string_view>
#include <thread>

namespace tranche::bench {

Percentiles Samples::percentiles() const {
    Percentiles figures;
    figures.count = values_.size();
    if (values_.empty()) return figures;
    std::vector<std::int64_t> sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = [&sorted](std::size_t permille) {
        const std::size_t place = (sorted.size() * permille + 999) / 1000;
        return sorted[place == 0 ? 0 : place - 1];
    };
    figures.p50 = rank(500);
    figures.p90 = rank(900);
    figures.p99 = rank(990);
    figures.p999 = rank(999);
    figures.max = sorted.back();
    return figures;
}

void print_head(const std::string& title, const std::string& unit) {
    fmt::print("\n{} ({})\n{:<44} {:>9} {:>10} {:>10} {:>10} {:>10}  {}\n", title, unit, "",
               "samples", "p50", "p99", "p99.9", "max", "remark");
}

void print_row(const std::string& name, const Percentiles& figures, const std::string& remark) {
    fmt::print("{:<44} {:>9} {:>10} {:>10} {:>10} {:>10}  {}\n", name, figures.count, figures.p50,
               figures.p99, figures.p999, figures.max, remark);
    std::fflush(stdout);
}

bool pin_to_core(unsigned core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    if (pthread_setaffinity_np(pthread_self(), sizeof cores, &cores) == 0) return true;
    fmt::print(stderr, "a thread cannot be pinned to core {}; it runs anywhere\n", core);
    return false;
}

unsigned hot_core() {
    return std::max(std::thread::hardware_concurrency(), 1U) - 1;
}

unsigned cold_core() {
    return 0;
}

bool is_smoke(int argc, char** argv) {
    return std::any_of(argv + 1, argv + argc, [](const char* argument) {
        return std::string_view{argument} == "--smoke";
    });
}

void check(bool holds, const std::string& fact) {
    if (holds) return;
    fmt::print(stderr, "wrong answer: {}\n", fact);
    std::exit(1);
}

}  // namespace tranche::bench
