// Our client and the whole program against peers made by others.
#include "tests/integration/peers.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>

#include "tests/integration/books.hpp"
#include "tests/support/testdata.hpp"

namespace tranche::integration {
namespace {

/// Python's websockets behind TLS, and a client that trusts it.
struct PythonPeer {
    Folder folder;
    CertificateMaker maker{folder};
    PeerIdentity identity = maker.sign("websockets", "DNS:localhost,IP:127.0.0.1");
    Peer peer{folder,
              "python",
              {installed("python3"), TRANCHE_PEER_SCRIPTS "websockets_server.py",
               identity.certificate, identity.key},
              "listening "};

    StreamClient client(std::size_t message_limit = websocket_message_limit) const {
        return {peer.port(), maker.root(), "localhost", message_limit};
    }
};

TEST(PythonWebsockets, SendsTextBytesNothingAndMuch) {
    const PythonPeer python;
    StreamClient client = python.client();
    client.open("/kinds");
    EXPECT_EQ(client.next(),
              "Gr\xC3\xBC\xC3\x9F"
              "e, \xE4\xB8\x96\xE7\x95\x8C")
        << client.connection().why();
    EXPECT_TRUE(client.connection().is_text());
    std::string every;
    for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
    EXPECT_EQ(client.next(), every);
    EXPECT_FALSE(client.connection().is_text());
    EXPECT_EQ(client.next(), "");
    EXPECT_EQ(client.next(), std::string(70'000, 'x'));
}

TEST(PythonWebsockets, SendsFragmentsThatBecomeOneMessage) {
    const PythonPeer python;
    StreamClient client = python.client();
    client.open("/fragments");
    EXPECT_EQ(client.next(), "first second third") << client.connection().why();
    EXPECT_EQ(client.next(), std::string(300, '\0') + std::string(300, '\xFF'));
}

TEST(PythonWebsockets, GetsItsPingsAnswered) {
    const PythonPeer python;
    StreamClient client = python.client();
    client.open("/pings");
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(client.next(), "answered " + std::to_string(i)) << client.connection().why();
    EXPECT_EQ(client.connection().pings_answered(), 5U);
    client.connection().ping(kernel_now());
    EXPECT_NE(client.connection().ping_unanswered_since(), Nanos{});
    EXPECT_TRUE(client.drive([&] {
        client.connection().receive(kernel_now());
        return client.connection().ping_unanswered_since() == Nanos{};
    })) << "it answers ours too";
}

TEST(PythonWebsockets, SaysGoodByeAndIsHeard) {
    const PythonPeer python;
    StreamClient client = python.client();
    client.open("/farewell");
    EXPECT_EQ(client.next(), "before the end") << client.connection().why();
    ASSERT_TRUE(client.ends());
    EXPECT_EQ(client.connection().reason(), LossReason::peer_closed);
    EXPECT_NE(client.connection().why().find("4001"), std::string::npos)
        << client.connection().why();
}

TEST(PythonWebsockets, IsToldWhenItsMessageIsTooLong) {
    const PythonPeer python;
    StreamClient client = python.client(1000);
    client.open("/large");
    EXPECT_EQ(client.next(), std::string(1000, 'x')) << client.connection().why();
    EXPECT_EQ(client.next(), std::nullopt);
    EXPECT_EQ(client.connection().reason(), LossReason::protocol_error);
    EXPECT_NE(client.connection().why().find("too long"), std::string::npos);
    StreamClient asking = python.client();
    asking.open("/report");
    EXPECT_EQ(asking.next(), "1009") << asking.connection().why();
}

TEST(PythonWebsockets, EchoesWhatWeSendUpToItsOwnLimit) {
    const PythonPeer python;
    StreamClient client = python.client();
    client.open("/echo");
    ASSERT_TRUE(client.drive([&] { return client.connection().state() == LinkState::open; }))
        << client.connection().why();
    for (const std::size_t length : {0U, 1U, 125U, 126U, 127U, 1000U}) {
        ASSERT_TRUE(client.connection().send_text(std::string(length, 't')));
        EXPECT_EQ(client.next(), std::string(length, 't'));
    }
    ASSERT_TRUE(client.connection().send_text(std::string(1001, 't')));
    ASSERT_TRUE(client.ends());
    EXPECT_EQ(client.connection().reason(), LossReason::peer_closed);
    EXPECT_NE(client.connection().why().find("1009"), std::string::npos);
}

/// Reads the number of cases and plays all of them as the list's client does.
void echo_every_case(std::uint16_t port) {
    StreamClient client{port, {}, "127.0.0.1"};
    client.open("/getCaseCount");
    const std::optional<std::string> count = client.next();
    ASSERT_TRUE(count.has_value()) << client.connection().why();
    ASSERT_TRUE(client.ends());
    for (int number = 1; number <= std::stoi(*count); ++number) {
        client.open("/runCase?case=" + std::to_string(number) + "&agent=tranche");
        while (const std::optional<std::string> message = client.next())
            client.connection().send_message(
                client.connection().is_text() ? WebSocketOpcode::text : WebSocketOpcode::binary,
                *message);
        ASSERT_TRUE(client.ends()) << number;
    }
    client.open("/updateReports?agent=tranche");
    ASSERT_TRUE(client.ends());
}

TEST(RecordedConformanceServer, FindsNothingToBlame) {
    const Folder folder;
    const std::string script = support::testdata("websocket/vector_server.py").string();
    const std::string vectors =
        support::testdata("websocket/autobahn-vectors-1-2-5.jsonl.gz").string();
    const std::uint16_t port = free_port();
    auto server = ChildProcess::start(
        {installed("python3"), script, vectors, std::to_string(port), folder.path("report.json")},
        {}, folder.path("server.log"));
    ASSERT_TRUE(server.ok()) << server.error().message;
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return folder.read("server.log").find("serving") != std::string::npos;
    })) << folder.read("server.log");
    ASSERT_NO_FATAL_FAILURE(echo_every_case(port));
    ASSERT_TRUE(eventually(seconds(20), [&] { return !server.value().running(); }));
    EXPECT_EQ(server.value().stop(0), 0) << folder.read("server.log");
    EXPECT_NE(folder.read("server.log").find(" 0 failed"), std::string::npos)
        << folder.read("server.log");
}

/// A server with a bad certificate, and what must be said about it.
struct BadCertificate {
    const char* name;
    LossReason reason;
    std::vector<std::string> words;
};

const std::array<BadCertificate, 4>& bad_certificates() {
    static const std::array<BadCertificate, 4> all{
        {{"expired", LossReason::certificate_expired, {"certificate has expired", "valid until"}},
         {"elsewhere",
          LossReason::certificate_wrong_host,
          {"certificate is for another host", "\"localhost\" was asked for",
           "\"fapi.example.com\", \"192.0.2.1\""}},
         {"self-signed",
          LossReason::certificate_self_signed,
          {"self-signed certificate", "\"CN=self-signed\" vouches for itself"}},
         {"unknown",
          LossReason::certificate_unknown_issuer,
          {"unknown issuer", "was issued by \"CN=somebody\""}}}};
    return all;
}

PeerIdentity make_bad(const CertificateMaker& maker, const CertificateMaker& stranger,
                      const std::string& name) {
    if (name == "expired") return maker.sign(name, "DNS:localhost", -1);
    if (name == "elsewhere") return maker.sign(name, "DNS:fapi.example.com,IP:192.0.2.1");
    if (name == "self-signed") return maker.self_signed(name);
    return stranger.sign(name, "DNS:localhost");
}

TEST(OpensslServer, IsRefusedForABadCertificateAndTheReasonIsNamed) {
    const Folder folder;
    const CertificateMaker maker{folder};
    const CertificateMaker stranger{folder, "somebody"};
    for (const BadCertificate& bad : bad_certificates()) {
        Peer server = openssl_server(folder, bad.name, make_bad(maker, stranger, bad.name));
        StreamClient client{server.port(), maker.root(), "localhost"};
        for (int attempt = 0; attempt < 2; ++attempt) {  // no better the second time
            client.open("/ws");
            ASSERT_TRUE(client.ends()) << bad.name;
            EXPECT_EQ(client.connection().reason(), bad.reason) << client.connection().why();
            for (const std::string& words : bad.words)
                EXPECT_NE(client.connection().why().find(words), std::string::npos)
                    << words << " in: " << client.connection().why();
        }
    }
    Peer server = openssl_server(folder, "good", maker.sign("good", "DNS:localhost"));
    StreamClient client{server.port(), maker.root(), "localhost"};
    client.open("/ws");
    ASSERT_TRUE(client.ends());
    EXPECT_EQ(client.connection().reason(), LossReason::upgrade_refused)
        << "TLS was right, the page it sends is none: " << client.connection().why();
}

TEST(OpensslServer, WithABadCertificateEndsTheProgramWithTheReason) {
    std::array<Folder, 4> folders;  // each has its own journal
    const CertificateMaker maker{folders[0]};
    const CertificateMaker stranger{folders[0], "somebody"};
    std::vector<Peer> servers;
    std::vector<ChildProcess> programs;
    for (std::size_t i = 0; i < folders.size(); ++i) {
        const std::string name = bad_certificates()[i].name;
        servers.push_back(openssl_server(folders[0], name, make_bad(maker, stranger, name)));
        const std::string url = "https://localhost:" + std::to_string(servers.back().port());
        const Json settings = settings_for(folders[i], url, maker.root(), {"BTCUSDT"}, 1000);
        auto program = ChildProcess::start({tranche_program(), "run", "--settings",
                                            folders[i].write("settings.json", settings.dump())},
                                           {}, folders[i].path("tranche.log"));
        ASSERT_TRUE(program.ok()) << program.error().message;
        programs.push_back(std::move(program).value());
    }
    for (std::size_t i = 0; i < folders.size(); ++i) {
        const BadCertificate& bad = bad_certificates()[i];
        ASSERT_TRUE(eventually(seconds(60), [&] { return !programs[i].running(); })) << bad.name;
        const std::string log = folders[i].read("tranche.log");
        EXPECT_EQ(programs[i].stop(0), 69) << log;
        for (const std::string& words : bad.words)
            EXPECT_NE(log.find(words), std::string::npos) << words << " in: " << log;
    }
}

TEST(Nginx, InFrontOfTheExchangeCarriesStreamsAndOrders) {
    const Folder folder;
    const Exchange exchange{folder, {"--seed", "11", "--speed", "3", "--balance", "5000"}};
    const CertificateMaker maker{folder};
    const NginxFront nginx{folder, maker.sign("front", "DNS:localhost"), exchange.url(),
                           exchange.certificate()};
    Json settings = trading_settings(folder, exchange);
    settings["exchange"] = {{"rest_url", nginx.url()},
                            {"stream_url", "wss" + nginx.url().substr(nginx.url().find(':'))},
                            {"ca_file", maker.root()}};
    Engine engine{folder, settings, credentials(folder)};
    ASSERT_TRUE(engine.trades()) << engine.log() << nginx.log();
    ASSERT_TRUE(eventually(seconds(60), [&] {
        return read_engine(engine).tranches.size() >= 2 && read_exchange(exchange).accepted >= 6;
    })) << engine.log();
    ASSERT_NO_FATAL_FAILURE(exchange.pause_market());
    EXPECT_EQ(settle(engine, exchange), "") << engine.log();
    const ExchangeBook book = read_exchange(exchange);
    EXPECT_EQ(book.duplicates, 0);
    EXPECT_GT(book.fills, 0);
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

}  // namespace
}  // namespace tranche::integration
