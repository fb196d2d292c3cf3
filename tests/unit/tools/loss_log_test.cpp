#include "tools/loss_log.hpp"

#include <gtest/gtest.h>

namespace tranche::testing {
namespace {

struct Losses {
    Snapshot<LossWords> words;
    LossLog log;

    void lose(const std::string& why) {
        LossWords kept;
        kept.length = why.copy(kept.text.data(), kept.text.size());
        words.write(kept);
    }
    std::string tell(Nanos now) { return log.tell(2, "market", words, now); }
};

TEST(LossLog, TellsEachLossOnceAndTheSameOneOnceAMinute) {
    Losses losses;
    EXPECT_EQ(losses.tell(seconds(1)), "") << "nothing was lost yet";
    losses.lose("host (192.0.2.1:443): reset");
    EXPECT_EQ(losses.tell(seconds(2)),
              "warning stream \"market\" lost: host (192.0.2.1:443): reset");
    EXPECT_EQ(losses.tell(seconds(3)), "");
    losses.lose("host (192.0.2.1:443): reset");
    EXPECT_EQ(losses.tell(Nanos{seconds(62).count - 1}), "");
    losses.lose("host (192.0.2.1:443): reset");
    EXPECT_NE(losses.tell(seconds(62)), "");
    losses.lose("host (192.0.2.2:443): reset");
    EXPECT_NE(losses.tell(seconds(62)), "") << "another address is news";
}

TEST(LossLog, ARefusedCertificateIsAnAlarm) {
    Losses losses;
    losses.lose("host (192.0.2.1:443): certificate is for another host: …");
    EXPECT_EQ(losses.tell(seconds(1)),
              "alarm stream \"market\" lost: host (192.0.2.1:443): certificate is for another "
              "host: …; nothing was sent there, other addresses are tried");
}

}  // namespace
}  // namespace tranche::testing
