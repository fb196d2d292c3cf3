// The verb as a whole, over a capture made here: what it prints, writes and returns.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

#include "net/capture/writer.hpp"
#include "tools/replay/capture_facts.hpp"
#include "tools/replay/engine_replay.hpp"
#include "tools/replay/live_decisions.hpp"
#include "tools/replay/options.hpp"

namespace tranche {
namespace {

using capture::Party;
using nlohmann::json;

constexpr Nanos begin = seconds(1'700'000'000);

class Replay : public testing::Test {
protected:
    Replay() : folder_{testing::TempDir() + "replay-" + std::to_string(getpid())} {
        std::filesystem::create_directories(folder_);
        write("settings.json", R"({"globals": {"simulate_only": true, "volume_window_sec": 60,
            "use_usdt_volume": true, "max_total_exposure_usdt": 100000},
            "symbols": {"BTCUSDT": {"volume_threshold_long": 1000, "volume_threshold_short": 1000,
            "leverage": 10, "trade_value_usdt": 50, "max_position_usdt": 10000}}})");
    }
    ~Replay() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream{path(name), std::ios::binary} << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream in{path(name), std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }

    /// Best prices and liquidations over one connection for a minute.
    static std::string market() {
        std::string file;
        capture::PcapngWriter writer{file};
        capture::StreamEnds ends;
        ends.host[0][15] = 1;
        ends.host[1][15] = 2;
        ends.port = {40'000, 443};
        capture::TcpScript script{writer, ends};
        script.open(begin);
        script.data(Party::first, std::string{"GET /stream HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"},
                    begin);
        script.data(Party::second,
                    std::string{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"},
                    begin);
        for (int second = 1; second < 60; ++second) {
            const Nanos time = begin + seconds(second);
            const std::string ms = std::to_string(time.milliseconds());
            say(script, time,
                R"({"e":"bookTicker","u":)" + std::to_string(second) +
                    R"(,"s":"BTCUSDT","b":"30000.0","B":"5","a":"30000.1","A":"5","T":)" + ms +
                    R"(,"E":)" + ms + "}");
            say(script, time + milliseconds(500),
                R"({"e":"forceOrder","E":)" + ms +
                    R"(,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"29990.0",)"
                    R"("ap":"29995.0","X":"FILLED","l":"0.014","z":"0.014","T":)" +
                    ms + "}}");
        }
        script.close(begin + seconds(61));
        return file;
    }
    static void say(capture::TcpScript& script, Nanos time, const std::string& text) {
        script.data(Party::second, capture::websocket_frame(WebSocketOpcode::text, text, false),
                    time);
    }

    /// The JSON object on stdout.
    json run(ReplayOptions options, int expected) const {
        options.json = true;
        testing::internal::CaptureStdout();
        const int code = replay(options);
        const std::string out = testing::internal::GetCapturedStdout();
        EXPECT_EQ(code, expected);
        return json::parse(out, nullptr, false);
    }

    std::string folder_;
};

TEST_F(Replay, DecidesTheSameEachTime) {
    write("market.pcapng", market());
    std::vector<json> results;
    for (const char* name : {"one.jsonl", "two.jsonl"}) {
        ReplayOptions options;
        options.captures = {path("market.pcapng")};
        options.settings = path("settings.json");
        options.decisions = path(name);
        results.push_back(run(options, 0));
    }
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(read("one.jsonl"), read("two.jsonl"));
    const json& result = results[0];
    EXPECT_EQ(result["events"]["liquidation"], 59);
    EXPECT_EQ(result["events"]["book_ticker"], 59);
    EXPECT_EQ(result["decisions"], 59);
    EXPECT_EQ(result["symbol_rules"], "assumed");
    EXPECT_GT(result["orders"].get<int>(), 0);
    std::size_t entered = 0;
    std::istringstream lines{read("one.jsonl")};
    for (std::string line; std::getline(lines, line);)
        entered += json::parse(line).value("verdict", "") == "entered" ? 1U : 0U;
    EXPECT_GT(entered, 0U) << read("one.jsonl").substr(0, 1'000);
}

TEST_F(Replay, AnotherMarketGivesAnotherDigest) {
    std::string other = market();
    other[other.find("29990.0") + 4] = '1';
    write("one.pcapng", market());
    write("two.pcapng", other);
    ReplayOptions options;
    options.settings = path("settings.json");
    options.captures = {path("one.pcapng")};
    const json first = run(options, 0);
    options.captures = {path("two.pcapng")};
    EXPECT_NE(first["digest"], run(options, 0)["digest"]);
}

TEST_F(Replay, WritesEveryMessageInTheOrderOfTheCapture) {
    write("market.pcapng", market());
    ReplayOptions options;
    options.captures = {path("market.pcapng")};
    options.messages = path("messages.jsonl");
    const json result = run(options, 0);
    EXPECT_EQ(result["websocket_messages"], 118);
    EXPECT_EQ(result["http_requests"], 1);
    std::istringstream lines{read("messages.jsonl")};
    std::int64_t before = 0;
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        const json message = json::parse(line);
        EXPECT_EQ(message["from"], "server");
        EXPECT_EQ(message["stream"], 0);
        EXPECT_EQ(message["opcode"], 1);
        EXPECT_TRUE(json::accept(message["payload"].get<std::string>()));
        EXPECT_GE(message["time_ns"].get<std::int64_t>(), before);
        before = message["time_ns"];
    }
    EXPECT_EQ(count, 118);
}

TEST_F(Replay, ReadsACaptureInTwoFilesAsOne) {
    const std::string all = market();
    capture::KeyLog keys;
    write("market.pcapng", all);
    // The section and interface blocks are 28 and 32 bytes; every block ends at a multiple of 4.
    std::size_t half = 60;
    while (half < all.size() / 2) {
        std::uint32_t length = 0;
        std::memcpy(&length, all.data() + half + 4, sizeof length);
        half += length;
    }
    write("first.pcapng", all.substr(0, half));
    write("second.pcapng", all.substr(0, 60) + all.substr(half));
    ReplayOptions options;
    options.settings = path("settings.json");
    options.captures = {path("market.pcapng")};
    const json whole = run(options, 0);
    options.captures = {path("first.pcapng"), path("second.pcapng")};
    EXPECT_EQ(whole, run(options, 0));
}

TEST_F(Replay, EndsWithTheExitCodesOfTheContract) {
    write("market.pcapng", market());
    write("cut.pcapng", market().substr(0, 5'000));
    write("none.pcapng", "this is no capture");
    ReplayOptions options;
    options.captures = {path("absent.pcapng")};
    run(options, 2);
    options.captures = {path("none.pcapng")};
    run(options, 65);
    options.captures = {path("cut.pcapng")};
    EXPECT_GT(run(options, 65)["websocket_messages"].get<int>(), 0);
    options.captures = {path("market.pcapng")};
    options.speed = "fast";
    run(options, 64);
    options.speed = "max";
    options.decisions = path("decisions.jsonl");
    run(options, 64);
    options.decisions.clear();
    options.messages = "/nowhere/at/all.jsonl";
    run(options, 73);
    options.messages.clear();
    options.keylog = path("none.pcapng");
    run(options, 65);
}

TEST(Parameter, IsFoundInTargetOrBody) {
    EXPECT_EQ(parameter("/order?symbol=X&side=BUY", "", "side"), "BUY");
    EXPECT_EQ(parameter("/order", "a=1&newClientOrderId=q1", "newClientOrderId"), "q1");
    EXPECT_EQ(parameter("/order?sidex=1", "xside=2", "side"), "");
    EXPECT_EQ(path_of("/fapi/v1/exchangeInfo?x=1"), "/fapi/v1/exchangeInfo");
}

}  // namespace
}  // namespace tranche
