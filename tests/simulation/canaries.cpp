// Does the simulation bite? Plants each seeded bug of core/canary.hpp and runs seeds until an
// invariant breaks that holds for the same seed without it. Fails if one is never caught.
#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <new>
#include <string>
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
    std::uint64_t excused{};  // seeds that break without it as well
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
        if (!is_clean(seed, options, board)) {
            ++made.excused;
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
        std::string text = made.seed == 0 ? "NOT CAUGHT in " + std::to_string(made.tried) + " seeds"
                                          : made.text.data();
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
