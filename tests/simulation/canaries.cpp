// Does the simulation bite? Plants each seeded bug of core/canary.hpp and runs seeds until an
// invariant breaks that holds for the same seed without it. Fails if one is never caught.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "core/canary.hpp"
#include "tools/sim/runner.hpp"

namespace {

using namespace tranche;

constexpr std::uint64_t most_seeds = 2'000;  // reliability-model.md §3.1

struct Options {
    std::uint64_t seeds{most_seeds};
    std::uint64_t steps{20'000};
    std::uint64_t clean{50};  // seeds that must be clean without a seeded bug
    unsigned jobs{};
    std::vector<std::string> names;
    sim::FaultSet faults;
};

struct Catch {
    std::uint64_t seed{};  // 0: not caught
    std::uint64_t tried{};
    std::uint64_t other{};  // seeds that broke otherwise, or break without it as well
    std::array<char, 16> invariant{};
    std::array<char, 160> text{};
};

/// Shared by the workers.
struct Board {
    enum class Seed : std::uint8_t { not_run, clean, broken };
    std::atomic<std::size_t> next{};
    std::array<std::atomic<Seed>, most_seeds + 1> seeds{};
    std::array<Catch, canary_count> catches{};
};

/// What each of them must break: anything else would be luck.
struct Expected {
    Canary canary;
    std::string_view invariants;
};
constexpr std::array<Expected, canary_count - 1> expected{{
    {Canary::retry_on_503, "I5"},
    {Canary::starve_protection, "I3 I4"},
    {Canary::server_error_is_rejection, "I5 N9"},
    {Canary::late_entry_leaves, "I8"},
    {Canary::ignore_ban, "I8"},
    {Canary::drop_when_ring_full, "I18"},
    {Canary::reuse_epoch, "I5 I12 G7"},
    {Canary::failed_snapshot_is_empty, "I2 I7"},
    {Canary::memory_forgets_orders, "liveness I1 I5 I6"},
    {Canary::memory_forgets_tranches, "I1 I2 G7"},
    {Canary::lost_record, "liveness I1"},
    {Canary::absent_at_once, "I5 N9"},
    {Canary::unknown_order_is_cancelled, "I5 N9"},
    {Canary::no_ttl, "I4"},
    {Canary::one_way_without_reduce_only, "I7"},
    {Canary::keep_reservation, "I9"},
    {Canary::cap_ignores_inflight, "I9"},
    {Canary::float_quantity, "I20"},
    {Canary::stale_book, "N2"},
    {Canary::enter_while_reconciling, "I8"},
    {Canary::window_counts_twice, "window"},
    {Canary::dedup_by_order_id, "liveness I1"},
    {Canary::forget_trades, "I1"},
    {Canary::ignore_late_fill, "liveness I1"},
    {Canary::count_reply_and_stream, "I1"},
    {Canary::take_profit_as_entry, "I1"},
    {Canary::wrong_tranche_reduced, "I1"},
    {Canary::unprotected_partial, "I3 I4"},
    {Canary::half_stop, "I3 I4"},
    {Canary::no_backstop, "I3"},
    {Canary::cancel_before_place, "G5"},
    {Canary::second_stop_kept, "I6 liveness"},
    {Canary::flip_on_double_trigger, "I7"},
    {Canary::keep_orphan_stop, "I4 liveness"},
    {Canary::merge_loses_quantity, "I2"},
    {Canary::reuse_ordinal, "I12"},
    {Canary::adopt_one_step_less, "I2 I3 liveness"},
    {Canary::old_snapshot_wins, "I2"},
}};

bool is_expected(Canary canary, std::string_view invariant) {
    const auto found = std::find_if(expected.begin(), expected.end(),
                                    [&](const Expected& one) { return one.canary == canary; });
    if (found == expected.end()) return false;
    for (std::string_view rest = found->invariants; !rest.empty();) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        if (rest.substr(0, end) == invariant) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

/// What broke in one seed, if anything did.
std::optional<sim::FirstViolation> run(std::uint64_t seed, const Options& options) {
    sim::RunnerOptions one;
    one.first_seed = seed;
    one.steps = options.steps;
    one.faults = options.faults;
    const auto totals = sim::run_seeds(one);
    if (!totals) return sim::FirstViolation{seed, 0, "runner", totals.error().message};
    return totals.value().first;
}

bool is_clean(std::uint64_t seed, const Options& options, Board& board) {
    using Seed = Board::Seed;
    if (board.seeds[seed] == Seed::not_run)
        board.seeds[seed] = run(seed, options) ? Seed::broken : Seed::clean;
    return board.seeds[seed] == Seed::clean;
}

void hunt(Canary canary, const Options& options, Board& board) {
    Catch& made = board.catches[static_cast<std::size_t>(canary)];
    for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) {
        ++made.tried;
        plant(canary);
        const auto broken = run(seed, options);
        plant(Canary::none);
        if (!broken) continue;
        if (!is_expected(canary, broken->invariant) || !is_clean(seed, options, board)) {
            ++made.other;
            continue;
        }
        made.seed = seed;
        broken->invariant.copy(made.invariant.data(), made.invariant.size() - 1);
        broken->text.copy(made.text.data(), made.text.size() - 1);
        return;
    }
}

/// Jobs are numbered: first the seeds that must be clean, then the canaries.
void work(const std::vector<Canary>& canaries, const Options& options, Board& board) {
    while (true) {
        const std::size_t job = board.next.fetch_add(1);
        if (job < options.clean) {
            is_clean(job + 1, options, board);
            continue;
        }
        if (job - options.clean >= canaries.size()) return;
        hunt(canaries[job - options.clean], options, board);
    }
}

/// Broken assertions are part of the game; what they say on stderr is not worth showing.
void silence() {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) return;
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
}

std::vector<Canary> chosen(const Options& options) {
    std::vector<Canary> all;
    for (std::size_t i = 1; i < canary_count; ++i) {
        const std::string name{canary_names[i]};
        const bool wanted =
            options.names.empty() ||
            std::find(options.names.begin(), options.names.end(), name) != options.names.end();
        if (wanted) all.push_back(static_cast<Canary>(i));
    }
    return all;
}

int tell(const std::vector<Canary>& canaries, const Options& options, const Board& board) {
    std::size_t broken = 0;
    for (std::uint64_t seed = 1; seed <= options.clean; ++seed)
        if (board.seeds[seed] != Board::Seed::clean) ++broken;
    std::printf("without a seeded bug: %zu of %zu seeds break\n", broken,
                static_cast<std::size_t>(options.clean));
    std::size_t missed = 0;
    std::printf("%-28s %6s  %-11s %s\n", "canary", "seed", "invariant", "what broke");
    for (const Canary canary : canaries) {
        const auto place = static_cast<std::size_t>(canary);
        const Catch& made = board.catches[place];
        if (made.seed == 0) ++missed;
        std::string text = made.text.data();
        if (made.seed == 0)
            text = "NOT CAUGHT in " + std::to_string(made.tried) + " seeds, " +
                   std::to_string(made.other) + " of which broke otherwise";
        text = text.substr(0, text.find('\n'));
        std::printf("%-28s %6zu  %-11s %s\n", canary_names[place].data(),
                    static_cast<std::size_t>(made.seed), made.invariant.data(), text.c_str());
    }
    std::printf("%zu of %zu caught\n", canaries.size() - missed, canaries.size());
    return missed == 0 ? 0 : 1;
}

int hunt_all(const Options& options) {
    const std::vector<Canary> canaries = chosen(options);
    void* memory =
        mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || canaries.empty()) {
        std::fprintf(stderr, "canaries: no shared memory, or no canary of that name\n");
        return 64;
    }
    Board& board = *new (memory) Board;
    std::fflush(nullptr);
    for (unsigned job = 0; job < options.jobs; ++job) {
        if (fork() != 0) continue;
        silence();
        work(canaries, options, board);
        _exit(0);
    }
    int status = 0;
    bool whole = true;
    while (wait(&status) > 0) whole = whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    const int code = tell(canaries, options, board);
    return whole ? code : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Each seeded bug must be caught by the simulation."};
    Options options;
    options.jobs = std::max(1U, std::thread::hardware_concurrency());
    std::string faults = "all";
    app.add_option("NAMES", options.names, "only these canaries");
    app.add_option("--seeds", options.seeds, "at most, for each")
        ->check(CLI::Range(std::uint64_t{1}, most_seeds));
    app.add_option("--steps", options.steps, "of each seed");
    app.add_option("--clean", options.clean, "seeds looked at without a seeded bug")
        ->check(CLI::Range(std::uint64_t{0}, most_seeds));
    app.add_option("--jobs", options.jobs, "workers")->check(CLI::Range(1, 64));
    CLI11_PARSE(app, argc, argv);
    options.faults = sim::parse_faults(faults).value();
    return hunt_all(options);
}
