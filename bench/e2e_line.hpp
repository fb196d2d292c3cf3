// The product's end of the end-to-end bench: its own pipeline on one pinned, spinning thread, with
// what `tranche run` puts around it at start made by hand.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/settings.hpp"
#include "tools/pipeline.hpp"
#include "tools/threads.hpp"

namespace tranche::bench {

class Line {
public:
    /// `folder`: for the database; the peer at `port` is trusted by `ca_file`. Runs at once.
    Line(const std::string& folder, const std::string& ca_file, std::uint16_t port,
         const std::vector<std::string>& names, unsigned core);
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    ~Line();

    /// Gives the user stream its path.
    void open_user_stream();
    /// Answers the engine's wish for a snapshot: nothing held, nothing open.
    void serve_account(Nanos now);
    /// What the gateway measured of itself.
    const GatewayMetrics& gateway() const { return pipeline_->gateway_metrics(); }
    EngineBoardRow engine() const { return pipeline_->board().engine.read(); }
    const aster::Authenticator& account() const { return *authenticator_; }
    std::uint64_t chain() const { return settings_.exchange.chain_id; }
    std::size_t order_connections() const { return settings_.exchange.order_connections; }

private:
    struct Turn {
        Pipeline& pipeline;
        std::size_t (Pipeline::*stage)(Nanos);
        std::size_t poll(Nanos now) { return (pipeline.*stage)(now); }
    };
    void open_storage(const std::string& folder);
    void build();
    void run(unsigned core);
    void push_mark(Nanos now, bool begins);

    Settings settings_;
    SymbolTable symbols_;
    Peers peers_;
    std::unique_ptr<TlsContext> tls_;
    aster::NonceSource nonces_;
    std::optional<aster::Authenticator> authenticator_;
    RequestGuard guard_{false};
    std::optional<Journal> journal_;
    std::optional<Database> database_;
    std::optional<Writer> writer_;
    Restored restored_;
    std::vector<RateLimit> limits_;
    RateBoard board_;
    Ring<Event> account_events_{1U << 8};
    Ring<PathChange> paths_{1U << 4};
    Clock clock_;
    std::unique_ptr<Pipeline> pipeline_;
    std::deque<Turn> turns_;
    std::uint32_t generation_{};
    std::optional<Threads> threads_;  // last: stops before what it polls goes
};

}  // namespace tranche::bench
