#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <list>
#include <sys/stat.h>

#include "net/status/guard.hpp"
#include "tests/unit/status/page.hpp"

namespace tranche::test {
namespace {

const std::string intent = "X-Tranche: 1\r\nContent-Type: application/json\r\n";

TEST_F(Page, AForeignHostNameIsRefusedSoThatRebindingFails) {
    const auto with_host = [this](const std::string& host) {
        return ask("GET /api/overview HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status;
    };
    const std::string port = std::to_string(server->port());
    EXPECT_EQ(with_host("evil.example"), 421);
    EXPECT_EQ(with_host("evil.example:" + port), 421);
    EXPECT_EQ(with_host("localhost.evil.example"), 421);
    EXPECT_EQ(with_host("127.0.0.1:1"), 421);
    EXPECT_EQ(with_host("[::1"), 421);
    EXPECT_EQ(with_host("127.0.0.1:" + port), 200);
    EXPECT_EQ(with_host("LocalHost:" + port), 200);
    EXPECT_EQ(with_host("[::1]:" + port), 200);
}

TEST_F(Page, ARequestThatTwoReadersCouldFrameDifferentlyIsRefused) {
    const std::string start = "POST /api/control/pause HTTP/1.1\r\nHost: localhost\r\n" + intent;
    EXPECT_EQ(
        ask(start + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status,
        400);
    EXPECT_EQ(ask(start + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ").status, 400);
    EXPECT_EQ(ask(start + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n").status, 411);
    EXPECT_EQ(get("/api/overview", "Host: evil.example\r\n").status, 400);
    EXPECT_EQ(get("/api/overview", "Content-Length: 2\r\n").status, 400);
    EXPECT_TRUE(commands.empty());
}

TEST_F(Page, ACommandReachesTheEngineOnceWithItsOwnNumber) {
    const Reply paused = post("/api/control/pause", intent);
    EXPECT_EQ(paused.status, 200);
    EXPECT_EQ(paused.json()["success"], true);
    EXPECT_EQ(post("/api/control/resume", intent, "").status, 200);
    EXPECT_EQ(post("/api/control/flatten", intent).status, 200);
    ASSERT_EQ(commands.size(), 3U);
    EXPECT_EQ(commands[0].first.kind, ControlKind::pause);
    EXPECT_EQ(commands[1].first.kind, ControlKind::resume);
    EXPECT_EQ(commands[2].first.kind, ControlKind::flatten);
    EXPECT_LT(commands[0].first.request, commands[1].first.request);
    EXPECT_EQ(post("/api/control/sell", intent).status, 404);
    refuse_commands = true;
    const Reply refused = post("/api/control/pause", intent);
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.json()["error"], "still starting");
}

/// Two protected tranches on the long side of BTCUSDT, ordinals 0 and 1.
class MergeCommand : public Page {
public:
    void SetUp() override {
        Page::SetUp();
        two_tranches();
        write_tranche_row(2, PositionSide::long_side, "1", "102", "95");
        change([](TrancheRow& row) { row.ordinal = 1; });
    }
    /// Changes the second one.
    void change(const std::function<void(TrancheRow&)>& how) {
        TrancheBoardRow row = board.tranches[2].read();
        how(row.tranche);
        board.tranches[2].write(row);
    }
    Reply ask_for(const std::string& body) { return post(path, intent, body); }
    std::string refusal() {
        const Reply reply = ask_for(R"({"ordinals":[0,1]})");
        EXPECT_EQ(reply.status, 409);
        EXPECT_TRUE(commands.empty());
        return reply.json()["error"];
    }

    const std::string path = "/api/positions/BTCUSDT/LONG/tranches/merge";
};

TEST_F(MergeCommand, NamesTheTranchesToTheEngine) {
    const Reply reply = ask_for(R"({"ordinals":[1,0]})");
    EXPECT_EQ(reply.status, 202);
    EXPECT_EQ(reply.json()["success"], true);
    ASSERT_EQ(commands.size(), 1U);
    const Control& command = commands[0].first;
    EXPECT_EQ(command.kind, ControlKind::merge);
    EXPECT_EQ(command.side, PositionSide::long_side);
    EXPECT_EQ(command.tranche_count, 2);
    EXPECT_EQ(command.tranches[0], 0U);
    EXPECT_EQ(command.tranches[1], 1U);
    EXPECT_EQ(commands[0].second, SymbolId{0});
}

TEST_F(MergeCommand, OfATrancheThatIsNotOpenIsRefused) {
    EXPECT_EQ(ask_for(R"({"ordinals":[0,7]})").status, 409);
    change([](TrancheRow& row) { row.side = PositionSide::short_side; });
    EXPECT_EQ(refusal(), "tranche 1 is not open");
}

TEST_F(MergeCommand, OfATrancheThatIsNotProtectedIsRefused) {
    for (const TrancheState state :
         {TrancheState::pending, TrancheState::unprotected, TrancheState::protecting,
          TrancheState::adjusting, TrancheState::closing}) {
        change([state](TrancheRow& row) { row.state = state; });
        EXPECT_NE(refusal().find("tranche 1 is not protected but "), std::string::npos);
    }
}

TEST_F(MergeCommand, OfATrancheWithAnEntryPendingIsRefused) {
    OrderBoardRow entry{};
    entry.live = 1;
    entry.order.id = {1, Role::entry, 0, 1, board.tranches[2].read().tranche.id, 0};
    entry.order.state = OrderState::working;
    board.orders[5].write(entry);
    EXPECT_EQ(refusal(), "tranche 1 has an entry pending");
    entry.live = 0;
    board.orders[5].write(entry);
    EXPECT_EQ(ask_for(R"({"ordinals":[0,1]})").status, 202);
}

TEST_F(MergeCommand, OnASideThatIsBeingReconciledIsRefused) {
    SymbolBoardRow symbol = board.symbols[0].read();
    symbol.reconciling = {true, false};
    board.symbols[0].write(symbol);
    EXPECT_NE(refusal().find("being reconciled"), std::string::npos);
    symbol.reconciling = {false, true};
    board.symbols[0].write(symbol);
    EngineBoardRow engine = board.engine.read();
    engine.reconciled = false;
    board.engine.write(engine);
    EXPECT_NE(refusal().find("being reconciled"), std::string::npos);
}

TEST_F(MergeCommand, IsReadStrictly) {
    for (const auto* body :
         {"", "[", "{}", R"({"ordinals":[0]})", R"({"ordinals":[0,0]})", R"({"ordinals":[0,-1]})",
          R"({"ordinals":[0,1],"x":1})", R"({"ordinals":[0,99999999999]})"})
        EXPECT_EQ(ask_for(body).status, 400) << body;
    const std::string body = R"({"ordinals":[0,1]})";
    EXPECT_EQ(post("/api/positions/NOSUCH/LONG/tranches/merge", intent, body).status, 404);
    EXPECT_EQ(post("/api/positions/BTCUSDT/UP/tranches/merge", intent, body).status, 404);
    EXPECT_TRUE(commands.empty());
}

TEST_F(Page, ClosingNeedsAPositionOnThatSide) {
    two_tranches();
    EXPECT_EQ(post("/api/positions/BTCUSDT/SHORT/close", intent).status, 200);
    EXPECT_EQ(commands.back().first.side, PositionSide::short_side);
    EXPECT_EQ(post("/api/positions/ETHUSDT/SHORT/close", intent).status, 404);
    EXPECT_EQ(commands.size(), 1U);
}

TEST_F(Page, AFormOfAnotherSiteCannotCommand) {
    const std::string path = "/api/control/flatten";
    EXPECT_EQ(post(path, "Content-Type: text/plain\r\n").status, 403);
    EXPECT_EQ(post(path, "Content-Type: application/x-www-form-urlencoded\r\n").status, 403);
    EXPECT_EQ(post(path, "Content-Type: application/json\r\n").status, 403);
    EXPECT_EQ(post(path, "X-Tranche: 1\r\nContent-Type: text/plain\r\n").status, 415);
    EXPECT_EQ(post(path, intent + "Origin: http://evil.example\r\n").status, 403);
    EXPECT_EQ(post(path, intent + "Origin: null\r\n").status, 403);
    EXPECT_EQ(post(path, intent + "Sec-Fetch-Site: cross-site\r\n").status, 403);
    EXPECT_TRUE(commands.empty());
    EXPECT_EQ(
        post(path, intent + "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n").status,
        200);
    EXPECT_EQ(commands.size(), 1U);
}

TEST_F(Page, AGetNeverHasAnEffect) {
    for (const auto* path : {"/api/control/pause", "/api/control/resume", "/api/control/flatten",
                             "/api/positions/BTCUSDT/LONG/close"}) {
        const Reply reply = get(path, intent);
        EXPECT_EQ(reply.status, 405) << path;
        EXPECT_NE(reply.head.find("Allow: POST"), std::string::npos);
    }
    EXPECT_TRUE(commands.empty());
    EXPECT_EQ(post("/api/positions", intent).status, 405);
}

TEST_F(Page, WithATokenCommandsNeedItAndGuessingGetsSlower) {
    const std::string token(64, 'a');
    start(token);
    const std::string path = "/api/control/pause";
    const std::string right = intent + "Authorization: Bearer " + token + "\r\n";
    EXPECT_EQ(post(path, intent).status, 401);
    EXPECT_EQ(post(path, right).status, 200);
    for (int i = 0; i < Guard::free_failures; ++i)
        EXPECT_EQ(post(path, intent + "Authorization: Bearer wrong\r\n").status, 401);
    EXPECT_EQ(post(path, right).status, 429) << "even the right one waits";
    now += seconds(2);
    EXPECT_EQ(post(path, right).status, 200);
    EXPECT_EQ(commands.size(), 2U);
    EXPECT_EQ(get("/api/overview").status, 200) << "reading needs none";
}

TEST_F(Page, BeyondLoopbackATokenIsCompulsory) {
    StatusSettings settings;
    settings.address = "0.0.0.0";
    settings.port = 0;
    settings.loopback = false;
    const auto opened = StatusServer::open(settings, sources(), {}, now);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().kind, ErrorKind::settings);
    EXPECT_NE(opened.error().message.find("status.token_file"), std::string::npos);
}

TEST_F(Page, AnswersCarryTheSecurityHeadersAndNoCors) {
    const Reply reply = get("/");
    EXPECT_NE(reply.head.find("Content-Security-Policy: default-src 'none'; script-src 'self'"),
              std::string::npos);
    EXPECT_EQ(reply.head.find("unsafe-inline"), std::string::npos);
    EXPECT_NE(reply.head.find("X-Content-Type-Options: nosniff"), std::string::npos);
    EXPECT_NE(reply.head.find("Referrer-Policy: no-referrer"), std::string::npos);
    EXPECT_NE(reply.head.find("Cache-Control: no-store"), std::string::npos);
    EXPECT_EQ(reply.head.find("Access-Control"), std::string::npos);
}

TEST_F(Page, TooMuchHeaderOrBodyIsRefused) {
    const Reply header = get("/api/overview", "X-Long: " + std::string(17 * 1024, 'x') + "\r\n");
    EXPECT_TRUE(header.status == 431 || header.status == 413 || header.status == 0)
        << header.status;
    EXPECT_EQ(post("/api/control/pause", intent, std::string(17 * 1024, ' ')).status, 413);
    EXPECT_EQ(get("/" + std::string(17 * 1024, 'a')).status / 100, 4);
    EXPECT_TRUE(commands.empty());
    EXPECT_EQ(get("/api/overview").status, 200);
}

TEST_F(Page, AClientThatNeverFinishesItsRequestIsCutOff) {
    Socket slow{server->port()};
    slow.send_text("GET /api/overview HTTP/1.1\r\nHost: local");
    settle(slow);
    now += seconds(3);
    slow.send_text("h");  // a byte now and then does not buy more time
    settle(slow);
    EXPECT_FALSE(slow.closed());
    now += seconds(3);
    settle(slow);
    EXPECT_TRUE(slow.closed());
    EXPECT_EQ(server->counters().timed_out, 1U);
    EXPECT_EQ(get("/api/overview").status, 200);
}

TEST_F(Page, MoreConnectionsThanTheLimitWaitOrFailButTheOthersAreServed) {
    std::list<Socket> idle;
    for (unsigned i = 0; i < StatusServer::max_connections + 8; ++i) {
        idle.emplace_back(server->port());
        server->poll(now);
    }
    now += seconds(6);
    for (int i = 0; i < 10; ++i) server->poll(now);
    now += seconds(6);
    EXPECT_EQ(get("/api/overview").status, 200);
}

TEST_F(Page, MarkupInTextFromOutsideComesOutInert) {
    EngineBoardRow engine = board.engine.read();
    set_text(engine.mode_reason, "</script><img src=x onerror=\"alert(1)\">\n\x01\xff");
    board.engine.write(engine);
    LiquidationRow row{};
    set_text(row.name, "<b>&\"\\'");
    row.symbol = no_symbol;
    past = {row};
    const Reply overview = get("/api/overview");
    EXPECT_EQ(overview.body.find('<'), std::string::npos);
    EXPECT_EQ(overview.json()["mode_reason"],
              "</script><img src=x onerror=\"alert(1)\">\n\x01\xEF\xBF\xBD");
    const Reply feed = get("/api/liquidations");
    EXPECT_EQ(feed.body.find('<'), std::string::npos);
    EXPECT_EQ(feed.json()[0]["symbol"], "<b>&\"\\'");
    const Reply unknown = get("/api/positions/%3Cscript%3E/LONG");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(unknown.body.find("script"), std::string::npos);
}

class TokenFile : public ::testing::Test {
public:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "token-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::filesystem::path folder;
};

TEST_F(TokenFile, IsMadeOnceForItsOwnerOnly) {
    const std::string path = folder / "token";
    const auto made = ensure_token(path);
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made.value().size(), 64U);
    struct stat about {};
    ASSERT_EQ(stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    const auto again = ensure_token(path);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again.value(), made.value());
    EXPECT_NE(ensure_token(folder / "other").value(), made.value());
}

TEST_F(TokenFile, IsRefusedWhenOthersCanReadItOrItIsNoToken) {
    const std::string path = folder / "token";
    ASSERT_TRUE(ensure_token(path).ok());
    ASSERT_EQ(chmod(path.c_str(), 0644), 0);
    const auto readable = ensure_token(path);
    ASSERT_FALSE(readable.ok());
    EXPECT_EQ(readable.error().kind, ErrorKind::credentials);
    EXPECT_NE(readable.error().message.find("chmod 600"), std::string::npos);
    std::ofstream{folder / "short"} << "admin\n";
    ASSERT_EQ(chmod((folder / "short").c_str(), 0600), 0);
    EXPECT_FALSE(ensure_token(folder / "short").ok());
    EXPECT_EQ(ensure_token(folder / "missing" / "token").error().kind, ErrorKind::cannot_write);
}

TEST(Guard, ComparesTokensWhole) {
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
    EXPECT_FALSE(equal_in_constant_time("", "a"));
}

}  // namespace
}  // namespace tranche::test
