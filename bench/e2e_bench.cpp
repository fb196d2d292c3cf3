// Liquidation on the wire → order request received, over loopback TLS.
//
// The product's pipeline, wired as in production, with receive, parse, engine and gateway on one
// spinning thread pinned to the last core; the peer on the first core, spinning too. A sample
// begins right before the peer hands the liquidation's bytes to TLS and ends when the whole order
// request lies decrypted before it. Closed loop: the next liquidation leaves 1–5 ms (random) after
// the last order came, so no sample waits behind another, and a slow one delays its successor
// rather than being counted twice; read the figures as those of a line that is not saturated.
// SQLite is not written meanwhile: records wait in the mapped journal.
#include <filesystem>
#include <fmt/format.h>
#include <random>
#include <unistd.h>

#include "bench/e2e_line.hpp"
#include "bench/e2e_peer.hpp"
#include "bench/report.hpp"
#include "core/clock.hpp"
#include "net/aster/sign.hpp"
#include "net/tls_memory.hpp"

namespace tranche::bench {
namespace {

constexpr Nanos patience = seconds(10);
constexpr std::size_t warm_up = 20;

struct Expected {
    std::string symbol;
    Side forced;
};

class Bench {
public:
    explicit Bench(std::string folder)
        : folder_{std::move(folder)},
          peer_{folder_ + "/ca.pem", clock_},
          line_{folder_, folder_ + "/ca.pem", peer_.port(), names_, hot_core()} {}

    void reach_trading();
    void measure(std::size_t count);
    void check_orders() const;

private:
    void turn() {
        peer_.poll();
        line_.serve_account(clock_.now());
    }
    template <class Done> void turn_until(Done done, const std::string& what) {
        const Nanos limit = clock_.now() + patience;
        while (!done()) {
            turn();
            if (clock_.now() < limit) continue;
            const EngineBoardRow engine = line_.engine();
            check(false,
                  fmt::format("{}, within {} s; engine: mode {} ({}), {} sent, {} rejected, {} "
                              "unknown; gateway: {} late",
                              what, patience.count / 1'000'000'000, static_cast<int>(engine.mode),
                              engine.mode_reason.data(), engine.orders_sent, engine.orders_rejected,
                              engine.orders_unknown, line_.gateway().late.get()));
        }
    }
    void rest(Nanos span) {
        const Nanos until = clock_.now() + span;
        turn_until([this, until] { return clock_.now() >= until; }, "time passes");
    }

    std::string folder_;
    std::vector<std::string> names_{"AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT",
                                    "EEEUSDT", "FFFUSDT", "GGGUSDT", "HHHUSDT"};
    Clock clock_;
    Peer peer_;
    Line line_;
    std::vector<Expected> expected_;
};

void Bench::reach_trading() {
    line_.open_user_stream();
    turn_until([this] { return peer_.complete(line_.order_connections()); },
               "every connection is there");
    turn_until([this] { return line_.engine().mode == Mode::trading; }, "the engine trades");
    for (const std::string& name : names_) peer_.send_mark(name);
    rest(milliseconds(20));
}

void Bench::measure(std::size_t count) {
    std::mt19937_64 random{11};
    Samples samples{count};
    for (std::size_t i = 0; i < count + warm_up; ++i) {
        const Expected wanted{names_[i % names_.size()],
                              random() % 2 == 0 ? Side::buy : Side::sell};
        peer_.send_book(wanted.symbol);
        rest(microseconds(1'000 + static_cast<std::int64_t>(random() % 4'000)));
        check(peer_.orders.size() == expected_.size(), "no order without its liquidation");
        expected_.push_back(wanted);
        const Nanos sent = peer_.send_liquidation(wanted.symbol, wanted.forced);
        turn_until([this] { return peer_.orders.size() == expected_.size(); },
                   fmt::format("liquidation {} leads to an order", i));
        if (i >= warm_up) samples.add((peer_.orders.back().received - sent).count);
        peer_.send_expiry(peer_.orders.back());
    }
    rest(milliseconds(50));
    print_row("liquidation written → order received", samples.percentiles(), "closed loop");
    const GatewayMetrics& inside = line_.gateway();
    print_row("  inside: build and sign", inside.sign.percentiles(),
              "histograms, ≤ 3 % wide; warm-up included");
    print_row("  inside: arrival → first byte to kernel", inside.tick_to_order.percentiles());
}

void Bench::check_orders() const {
    check(peer_.orders.size() == expected_.size(), "one order a liquidation, exactly");
    check(peer_.other_requests == 0, "nothing else was asked for: " + peer_.last_other);
    const aster::Hash domain = aster::domain_separator(line_.chain());
    for (std::size_t i = 0; i < expected_.size(); ++i) {
        const OrderRequest& order = peer_.orders[i];
        const std::string side = expected_[i].forced == Side::buy ? "SELL" : "BUY";
        check(order.value("symbol") == expected_[i].symbol && order.value("side") == side,
              fmt::format("order {} is for its symbol, on the other side: {}", i, order.body));
        const std::string signature = order.value("signature");
        const std::string text = order.body.substr(0, order.body.rfind("&signature="));
        const auto signer = aster::recover_address(aster::typed_digest(domain, text), signature);
        check(
            signer.ok() && std::string_view{signer.value().data(), 42} == line_.account().address(),
            fmt::format("order {} is signed by our key", i));
    }
    fmt::print("{} liquidations, {} orders, each for its symbol and side, each signed by our key\n",
               expected_.size(), peer_.orders.size());
}

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    using namespace tranche::bench;
    tranche::use_record_memory();  // as the program does, before OpenSSL is used
    const std::string folder =
        (std::filesystem::temp_directory_path() / fmt::format("tranche-bench-{}", getpid()))
            .string();
    std::filesystem::create_directories(folder);
    pin_to_core(cold_core());
    print_head("end to end over loopback TLS");
    {
        Bench bench{folder};
        bench.reach_trading();
        bench.measure(is_smoke(argc, argv) ? 50 : 2'000);
        bench.check_orders();
    }
    std::filesystem::remove_all(folder);
    return 0;
}
