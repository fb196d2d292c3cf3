#include "tools/sim/runner.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <new>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "core/clock.hpp"
#include "tools/sim/random.hpp"

namespace tranche::sim {
namespace {

/// What a worker tells, in memory that outlives it.
struct Shared {
    std::atomic<std::uint64_t> next{};  // seed that nobody has taken
    struct Worker {
        std::atomic<std::uint64_t> seed{};
        std::atomic<std::uint64_t> step{};
        std::uint64_t seeds{};
        std::uint64_t violations{};
        Tally tally;
        bool broken{};
        std::uint64_t first_seed{}, first_step{};
        std::array<char, 16> invariant{};
        std::array<char, 1024> text{};
    };
    static constexpr std::size_t most = 64;
    std::array<Worker, most> workers;
};

class SharedMemory {
public:
    SharedMemory()
        : at_{mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                   0)} {
        if (at_ != MAP_FAILED) shared_ = new (at_) Shared;
    }
    ~SharedMemory() {
        if (at_ != MAP_FAILED) munmap(at_, sizeof(Shared));
    }
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    Shared* get() const { return shared_; }

private:
    void* at_;
    Shared* shared_{};
};

template <std::size_t size> void copy_text(const std::string& text, std::array<char, size>& out) {
    out.fill(0);
    text.copy(out.data(), size - 1);
}

void note_violation(Shared::Worker& worker, std::uint64_t seed, std::uint64_t step,
                    const std::string& invariant, const std::string& text) {
    ++worker.violations;
    if (worker.broken && worker.first_seed <= seed) return;
    worker.broken = true;
    worker.first_seed = seed;
    worker.first_step = step;
    copy_text(invariant, worker.invariant);
    copy_text(text, worker.text);
}

void add(Shared::Worker& worker, std::uint64_t seed, const Outcome& outcome) {
    ++worker.seeds;
    Tally tally = static_cast<const Tally&>(outcome);
    tally.digest = mix(outcome.digest ^ seed);
    worker.tally.add(tally);
    if (outcome.violation)
        note_violation(worker, seed, outcome.steps, outcome.violation->invariant,
                       outcome.violation->text);
}

Outcome run_once(const Script& script, std::atomic<std::uint64_t>& progress) {
    const Plan plan = make_plan(script.seed, script.faults, Swarm::as_given);
    return World{plan, script, nullptr, progress}.run();
}

/// One in fifty is run twice: the same seed must end in the same state.
constexpr std::uint64_t twice_every = 50;

void run_seed(std::uint64_t seed, const RunnerOptions& options, Shared::Worker& worker) {
    worker.seed.store(seed);
    worker.step.store(0);
    const Plan plan = make_plan(seed, options.faults);
    const Script script = expand(plan, options.steps);
    const Outcome outcome = World{plan, script, nullptr, worker.step}.run();
    add(worker, seed, outcome);
    if (seed % twice_every != 0) return;
    const Outcome again = run_once(script, worker.step);
    if (again.digest != outcome.digest)
        note_violation(worker, seed, outcome.steps, "determinism",
                       "two runs of this seed ended differently");
}

void work(const RunnerOptions& options, Shared& shared, Shared::Worker& worker) {
    while (true) {
        if (options.stop_at_first && worker.broken) return;
        const std::uint64_t number = shared.next.fetch_add(1);
        if (number >= options.seeds) return;
        run_seed(options.first_seed + number, options, worker);
    }
}

void silence() {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) return;
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
}

void take_over(const Shared::Worker& worker, Totals& totals) {
    totals.seeds += worker.seeds;
    totals.violations += worker.violations;
    totals.add(worker.tally);
    if (!worker.broken || (totals.first && totals.first->seed < worker.first_seed)) return;
    totals.first = FirstViolation{worker.first_seed, worker.first_step, worker.invariant.data(),
                                  worker.text.data()};
}

/// A worker that ended by itself has finished; any other end is a broken assertion of ours.
/// `busy_ns` grows by the time it was on a core, as the kernel counted it.
bool died(pid_t child, std::uint64_t& busy_ns) {
    int status = 0;
    rusage used{};
    while (wait4(child, &status, 0, &used) < 0 && errno == EINTR) {
    }
    for (const timeval& time : {used.ru_utime, used.ru_stime})
        busy_ns +=
            static_cast<std::uint64_t>((seconds(time.tv_sec) + microseconds(time.tv_usec)).count);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

template <class Work> pid_t start(Work body, bool quiet) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child != 0) return child;
    if (quiet) silence();
    body();
    std::fflush(nullptr);
    _exit(0);
}

}  // namespace

double Totals::events_per_second() const {
    return busy_ns == 0 ? 0 : static_cast<double>(events) * 1e9 / static_cast<double>(busy_ns);
}

Result<Totals> run_seeds(const RunnerOptions& options) {
    const SharedMemory memory;
    if (memory.get() == nullptr)
        return Error{ErrorKind::io, "sim: no shared memory for the workers"};
    Shared& shared = *memory.get();
    const std::size_t jobs = std::clamp<std::size_t>(options.jobs, 1, Shared::most);
    std::vector<pid_t> children(jobs, -1);
    const auto begin = [&](std::size_t job) {
        children[job] = start([&] { work(options, shared, shared.workers[job]); }, false);
        return children[job] > 0;
    };
    for (std::size_t job = 0; job < jobs; ++job)
        if (!begin(job)) return Error{ErrorKind::io, "sim: cannot start a worker"};
    Totals totals;
    for (std::size_t job = 0; job < jobs; ++job) {
        while (died(children[job], totals.busy_ns)) {
            Shared::Worker& worker = shared.workers[job];
            ++worker.seeds;
            note_violation(worker, worker.seed.load(), worker.step.load(), "G7",
                           "an assertion of ours broke; its fact is on stderr");
            if (!begin(job)) return Error{ErrorKind::io, "sim: cannot start a worker again"};
        }
    }
    for (const Shared::Worker& worker : shared.workers) take_over(worker, totals);
    return totals;
}

Result<Totals> run_script(const Script& script, bool quiet) {
    const SharedMemory memory;
    if (memory.get() == nullptr) return Error{ErrorKind::io, "sim: no shared memory for a worker"};
    Shared::Worker& worker = memory.get()->workers[0];
    const pid_t child =
        start([&] { add(worker, script.seed, run_once(script, worker.step)); }, quiet);
    if (child < 0) return Error{ErrorKind::io, "sim: cannot start a worker"};
    Totals totals;
    if (died(child, totals.busy_ns))
        note_violation(worker, script.seed, worker.step.load(), "G7",
                       "an assertion of ours broke; its fact is on stderr");
    take_over(worker, totals);
    return totals;
}

}  // namespace tranche::sim
