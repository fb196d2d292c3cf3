#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/unit/capture/made.hpp"

namespace tranche::capture {
namespace {

using made::Flight;
using made::TlsPair;

struct Terms {
    int version;
    const char* suite;
};

class TlsSuites : public testing::TestWithParam<Terms> {};

TEST_P(TlsSuites, AreOpenedInBothDirections) {
    TlsPair pair{{GetParam().version, GetParam().suite}};
    const std::string large(70'000, 'x');
    pair.say(Party::first, "question");
    pair.say(Party::second, "answer");
    pair.say(Party::second, large.substr(0, 16'000));
    const auto found = made::decode(made::capture_of(pair.flights), pair.key_log);
    EXPECT_EQ(found->kept.opened[Party::first], "question");
    EXPECT_EQ(found->kept.opened[Party::second], "answer" + large.substr(0, 16'000));
    EXPECT_EQ(found->counts().tls_sessions, 1U);
    EXPECT_EQ(found->counts().tls_decrypted, 1U);
    EXPECT_EQ(found->counts().tls_records_closed, 0U);
}

INSTANTIATE_TEST_SUITE_P(All, TlsSuites,
                         testing::Values(Terms{TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},
                                         Terms{TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
                                         Terms{TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"},
                                         Terms{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"},
                                         Terms{TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384"},
                                         Terms{TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305"},
                                         Terms{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256"}));

TEST(TlsStream, FollowsKeyUpdatesOfBothSides) {
    TlsPair pair{{TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"}};
    for (int round = 0; round < 3; ++round) {
        pair.update_keys(Party::first);
        pair.say(Party::first, "q" + std::to_string(round));
        pair.update_keys(Party::second);
        pair.say(Party::second, "a" + std::to_string(round));
    }
    const auto found = made::decode(made::capture_of(pair.flights), pair.key_log);
    EXPECT_EQ(found->kept.opened[Party::first], "q0q1q2");
    EXPECT_EQ(found->kept.opened[Party::second], "a0a1a2");
}

TEST(TlsStream, OpensAResumedSession) {
    for (const Terms& terms : {Terms{TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},
                               Terms{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"}}) {
        TlsPair first{{terms.version, terms.suite}};
        first.say(Party::second, "once");
        TlsPair second{{terms.version, terms.suite, &first}};
        ASSERT_TRUE(second.resumed());
        second.say(Party::second, "again");
        const auto found = made::decode(made::capture_of(second.flights), second.key_log);
        EXPECT_EQ(found->kept.opened[Party::second], "again");
    }
}

TEST(TlsStream, TakesSecretsOutOfTheCaptureItself) {
    TlsPair pair{{TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"}};
    pair.say(Party::second, "told");
    std::string file;
    PcapngWriter writer{file};
    writer.secrets(pair.key_log);
    const std::string rest = made::capture_of(pair.flights);
    const auto found = made::decode(file + rest);
    EXPECT_EQ(found->kept.opened[Party::second], "told");
}

TEST(TlsStream, NamesASessionWithoutSecretsAndOneWithWrongOnes) {
    TlsPair pair{{TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"}};
    pair.say(Party::second, "secret");
    const std::string file = made::capture_of(pair.flights);
    const auto none = made::decode(file);
    EXPECT_EQ(none->counts().tls_decrypted, 0U);
    ASSERT_EQ(none->decoder->closed_sessions().size(), 1U);
    EXPECT_EQ(none->decoder->closed_sessions()[0].trouble, TlsTrouble::no_secrets);
    std::string wrong = pair.key_log;
    for (std::size_t line = 0; line != std::string::npos && line < wrong.size();) {
        const std::size_t end = wrong.find('\n', line);
        wrong[end - 1] = wrong[end - 1] == '0' ? '1' : '0';
        line = end + 1;
    }
    const auto bad = made::decode(file, wrong);
    ASSERT_EQ(bad->decoder->closed_sessions().size(), 1U);
    EXPECT_EQ(bad->decoder->closed_sessions()[0].trouble, TlsTrouble::wrong_secrets);
}

/// The flights as a capture that misses `lost` of them, each acknowledged all the same.
std::string with_losses(const std::vector<Flight>& flights, const std::vector<std::size_t>& lost,
                        std::size_t head_kept = 0) {
    std::string file;
    PcapngWriter writer{file};
    TcpScript script{writer, made::ends()};
    script.open(made::at(0));
    for (std::size_t i = 0; i < flights.size(); ++i) {
        const bool missing = std::find(lost.begin(), lost.end(), i) != lost.end();
        const std::string& bytes = flights[i].bytes;
        if (!missing) {
            script.data(flights[i].from, bytes, made::at(static_cast<std::int64_t>(i) + 1));
            continue;
        }
        const std::size_t kept = std::min(head_kept, bytes.size());
        script.data(flights[i].from, Bytes{bytes}.first(kept),
                    made::at(static_cast<std::int64_t>(i) + 1));
        script.skip(flights[i].from, static_cast<std::uint32_t>(bytes.size() - kept));
    }
    script.close(made::at(1'000));
    return file;
}

TEST(TlsStream, FindsTheNextRecordAfterALossInTheCapture) {
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
        for (const std::size_t kept : {0U, 3U, 40U}) {
            TlsPair pair{{version, version == TLS1_3_VERSION ? "TLS_AES_128_GCM_SHA256"
                                                             : "ECDHE-ECDSA-AES128-GCM-SHA256"}};
            const std::size_t handshake = pair.flights.size();
            std::string all;
            for (int i = 0; i < 30; ++i) {
                const std::string text =
                    "message " + std::to_string(i) + std::string(60, '.') + ";";
                pair.say(Party::second, text);
                if (i < 10 || i > 14) all += text;
            }
            std::vector<std::size_t> lost;
            for (std::size_t i = 10; i < 15; ++i) lost.push_back(handshake + i);
            const auto found = made::decode(with_losses(pair.flights, lost, kept), pair.key_log);
            EXPECT_EQ(found->kept.opened[Party::second], all) << version << ' ' << kept;
            EXPECT_GT(found->flows().gaps, 0U);
        }
    }
}

TEST(TlsStream, FindsItsWayWhenAKeyUpdateWasLost) {
    TlsPair pair{{TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"}};
    pair.say(Party::second, "before;");
    const std::size_t update = pair.flights.size();
    pair.update_keys(Party::second);
    pair.say(Party::second, "lost;");
    for (int i = 0; i < 12; ++i) pair.say(Party::second, "after;");
    const auto found = made::decode(with_losses(pair.flights, {update}), pair.key_log);
    EXPECT_EQ(found->kept.opened[Party::second].substr(0, 19), "before;after;after;");
}

TEST(TlsStream, OpensWithTheServersHelloLost) {
    TlsPair pair{{TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"}};
    for (int i = 0; i < 12; ++i) pair.say(Party::second, "told;");
    const auto found = made::decode(with_losses(pair.flights, {1}), pair.key_log);
    EXPECT_EQ(found->kept.opened[Party::second].substr(0, 10), "told;told;");
}

}  // namespace
}  // namespace tranche::capture
