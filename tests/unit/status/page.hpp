// A status server over a board that the test fills, and plain socket clients, all on one thread and
// with a clock that only the test moves.
#pragma once

#include <arpa/inet.h>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "net/status/server.hpp"

namespace tranche::test {

template <class Number> Number decimal(std::string_view text) {
    const auto number = parse_as<Number>(text);
    require(number.has_value(), "a test writes decimals that exist");
    return *number;
}

template <std::size_t N> void set_text(std::array<char, N>& to, std::string_view text) {
    to = {};
    std::copy_n(text.begin(), std::min(text.size(), N), to.begin());
}

struct Reply {
    int status{};
    std::string head;
    std::string body;
    nlohmann::json json() const { return nlohmann::json::parse(body); }
};

/// One connection of a client.
class Socket {
public:
    explicit Socket(std::uint16_t port) : number_{socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(connect(number_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0)
            << std::strerror(errno);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { close(number_); }

    void send_text(std::string_view text) {
        EXPECT_EQ(send(number_, text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    /// Appends what has arrived; true while there may be more of it right now.
    bool receive(int wait_ms) {
        pollfd ready{number_, POLLIN, 0};
        if (closed_ || ::poll(&ready, 1, wait_ms) <= 0) return false;
        std::array<char, 65536> buffer;
        const ssize_t size = recv(number_, buffer.data(), buffer.size(), 0);
        closed_ = size <= 0;
        if (size > 0) received.append(buffer.data(), static_cast<std::size_t>(size));
        return size > 0;
    }
    bool closed() const { return closed_; }

    std::string received;

private:
    int number_;
    bool closed_{};
};

class Page : public ::testing::Test {
public:
    static SymbolTable two_symbols() {
        SymbolRules first;
        first.name = "BTCUSDT";
        first.trading = true;
        first.tick = decimal<Price>("0.1");
        first.step = decimal<Quantity>("0.001");
        SymbolRules second = first;
        second.name = "ETHUSDT";
        second.tick = decimal<Price>("0.01");
        return SymbolTable{{first, second}, 2};
    }

    std::vector<std::string> troubles;  // of the process, not of the engine

    StatusSources sources() {
        StatusHistory history;
        history.liquidations = [this](const HistoryQuery& query) { return some(past, query); };
        history.orders = [this](const HistoryQuery& query) -> Result<std::vector<OrderRow>> {
            std::vector<OrderRow> found;
            for (const OrderRow& row : orders) {
                if (query.order_id != 0 && row.order_id != query.order_id) continue;
                if (query.tranche != no_tranche && row.id.tranche != query.tranche) continue;
                found.push_back(row);
            }
            return found;
        };
        history.fills = [this](const HistoryQuery& query) { return some(fills, query); };
        history.tranches = [this](const HistoryQuery& query) { return some(closed, query); };
        history.merges = [](const HistoryQuery&) -> Result<std::vector<MergeRow>> {
            return std::vector<MergeRow>(1);
        };
        return {board,
                symbols,
                history,
                {{"parse", "frame to event", &parse_latency}},
                {{"writer_lag_seconds",
                  "Age of the oldest row.",
                  MetricType::gauge,
                  {},
                  [] { return 0.25; }}},
                [this](const Control& command, SymbolId symbol) -> Result<Done> {
                    commands.emplace_back(command, symbol);
                    if (refuse_commands) return Error{ErrorKind::unavailable, "still starting"};
                    return Done{};
                },
                R"({"globals":{"leverage":10},"symbols":{}})",
                {"1.2.3", "abcdef", "aster", false, true},
                [this] { return troubles; },
                [] {
                    return std::vector<ConnectionView>{
                        {"signal 1", "open", false, seconds(1), 7, 5, 1'200}};
                }};
    }

    void start(const std::string& token = {}) {
        StatusSettings settings;
        settings.port = 0;
        auto opened = StatusServer::open(settings, sources(), token, now);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        server = std::move(opened).value();
    }

    void SetUp() override {
        EngineBoardRow engine{};
        engine.mode = Mode::trading;
        engine.market_stream_up = engine.user_stream_up = engine.reconciled = true;
        engine.now = now;
        engine.started = now - seconds(60);
        engine.wallet = decimal<Notional>("1000.5");
        engine.liquidations = 7;
        engine.verdicts[static_cast<std::size_t>(Verdict::below_threshold)] = 5;
        board.engine.write(engine);
        parse_latency.add(1000);
        start();
    }

    /// A long and a short on the first symbol, each with working exits.
    void two_tranches() {
        SymbolBoardRow symbol{};
        symbol.mark = decimal<Price>("101");
        symbol.mark_time = now;
        symbol.leverage = 10;
        symbol.position = {decimal<Quantity>("2"), decimal<Quantity>("0.5")};
        symbol.position_entry = {decimal<Price>("100"), decimal<Price>("100")};
        board.symbols[0].write(symbol);
        write_tranche_row(0, PositionSide::long_side, "2", "102", "95");
        write_tranche_row(1, PositionSide::short_side, "0.5", "98", "105");
    }
    void write_tranche_row(std::size_t slot, PositionSide side, std::string_view quantity,
                           std::string_view take_profit, std::string_view stop_loss) {
        TrancheBoardRow row{};
        row.live = 1;
        row.tranche.id = TrancheId{static_cast<std::uint32_t>(slot + 11)};
        row.tranche.symbol = SymbolId{0};
        row.tranche.side = side;
        row.tranche.state = TrancheState::protected_;
        row.tranche.entry = decimal<Price>("100");
        row.tranche.quantity = decimal<Quantity>(quantity);
        row.tranche.take_profit = decimal<Price>(take_profit);
        row.tranche.stop_loss = decimal<Price>(stop_loss);
        row.tranche.stop_loss_order = static_cast<std::int64_t>(900 + slot);
        row.tranche.created = row.tranche.updated = now;
        board.tranches[slot].write(row);
        OrderBoardRow stop{};
        stop.live = 1;
        stop.order.order_id = row.tranche.stop_loss_order;
        stop.order.id = {1, Role::stop_loss, 0, 1, row.tranche.id, 0};
        stop.order.symbol = SymbolId{0};
        stop.order.position_side = side;
        stop.order.type = OrderType::stop_market;
        stop.order.stop_price = row.tranche.stop_loss;
        stop.order.quantity = row.tranche.quantity;
        stop.order.state = OrderState::working;
        board.orders[slot].write(stop);
    }

    /// Serves until `client` has a whole answer, its connection is closed, or nothing comes any
    /// more; the wait is only for the kernel to hand bytes over the loopback.
    Reply finish(Socket& client) {
        for (int turn = 0; turn < 300 && !complete(client.received) && !client.closed(); ++turn) {
            server->poll(now);
            client.receive(2);
        }
        return parse(client.received);
    }
    Reply ask(const std::string& text) {
        Socket client{server->port()};
        client.send_text(text);
        return finish(client);
    }
    Reply get(const std::string& path, const std::string& headers = {}) {
        return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
    }
    Reply post(const std::string& path, const std::string& headers,
               const std::string& body = "{}") {
        return ask("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
                   "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    /// Serves and reads until nothing more comes.
    void settle(Socket& client) {
        for (int quiet = 0; quiet < 5;) {
            const std::size_t done = server->poll(now);
            quiet = client.receive(1) || done > 0 ? 0 : quiet + 1;
        }
    }

    Nanos now{seconds(1'800'000'000)};
    SymbolTable symbols{two_symbols()};
    StatusBoard board{2, 8, 8};
    Histogram parse_latency;
    std::vector<LiquidationRow> past;
    std::vector<OrderRow> orders;
    std::vector<FillRow> fills;
    std::vector<TrancheRow> closed;
    std::vector<std::pair<Control, SymbolId>> commands;
    bool refuse_commands{};
    std::unique_ptr<StatusServer> server;

private:
    template <class Row>
    static Result<std::vector<Row>> some(const std::vector<Row>& rows, const HistoryQuery& query) {
        return std::vector<Row>{rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                 rows.size(), query.limit))};
    }
    static bool complete(const std::string& text) {
        const std::size_t end = text.find("\r\n\r\n");
        const std::size_t length = text.find("Content-Length: ");
        if (end == std::string::npos || length == std::string::npos || length > end) return false;
        return text.size() >= end + 4 + std::stoul(text.substr(length + 16));
    }
    static Reply parse(const std::string& text) {
        const std::size_t end = text.find("\r\n\r\n");
        if (end == std::string::npos || text.size() < 12) return {};
        return {std::stoi(text.substr(9, 3)), text.substr(0, end), text.substr(end + 4)};
    }
};

}  // namespace tranche::test
