// The whole line in this process against a simulated exchange: what `tranche run` wires, on two
// threads of which the hot one can be counted.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "net/aster/account.hpp"
#include "net/aster/credentials.hpp"
#include "persist/journal.hpp"
#include "persist/writer.hpp"
#include "tests/integration/line.hpp"
#include "tools/pipeline.hpp"

namespace tranche::test {

class RunningLine {
public:
    /// Starts everything; throws with the reason when something is not there.
    RunningLine(const integration::Folder& folder, const integration::Exchange& exchange);
    ~RunningLine() { stop(); }
    RunningLine(const RunningLine&) = delete;
    RunningLine& operator=(const RunningLine&) = delete;

    const Pipeline& pipeline() const { return *pipeline_; }
    EngineBoardRow engine() const { return pipeline_->board().engine.read(); }
    /// What the account stage is at, and its last trouble.
    std::string account_state() const;
    std::uint16_t order_connections() const {
        return static_cast<std::uint16_t>(2 * settings_.exchange.order_connections);
    }

    /// From its next turn on the hot thread is counted, or no longer.
    void count(bool yes) { counting_.store(yes); }
    /// The hot thread allocates once in one of its turns.
    void plant() { planted_.store(true); }
    bool planted_is_done() const { return !planted_.load(); }
    void stop();

private:
    void open_storage(const integration::Folder& folder);
    void meet_exchange();
    void build();
    void run_hot();
    void run_cold();

    Settings settings_;
    Clock hot_clock_;
    Clock cold_clock_;
    aster::NonceSource nonces_;
    RequestGuard guard_{false};
    std::optional<aster::Authenticator> authenticator_;
    std::optional<Database> database_;
    std::optional<Journal> journal_;
    std::optional<Writer> writer_;
    std::unique_ptr<TlsContext> tls_;
    Peers peers_;
    std::optional<aster::Requests> requests_;
    std::unique_ptr<aster::RestTransport> transport_;
    Ring<Event> account_events_{1U << 13};
    Ring<PathChange> paths_{1U << 4};
    RateBoard board_;
    std::unique_ptr<aster::Account> account_;
    Restored restored_;
    std::unique_ptr<Pipeline> pipeline_;
    std::atomic<bool> counting_{};
    std::atomic<bool> planted_{};
    std::atomic<bool> stopping_{};
    std::thread hot_;
    std::thread cold_;
};

}  // namespace tranche::test
