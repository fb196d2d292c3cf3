// The listen key: one for all user connections, kept alive, replaced when it is gone, never
// deleted: it belongs to the account, not to us. Source: reliability-model.md, N12.
#include <gmock/gmock.h>

#include "net/receive.hpp"
#include "tests/unit/aster/account_world.hpp"

namespace tranche::support {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

struct ListenKey : AccountWorld {
    ListenKey() { settings.user_connections = 2; }
};

TEST_F(ListenKey, IsToldToEveryUserConnection) {
    start();
    EXPECT_THAT(paths.take(), ElementsAre(Pair(3, "/ws/key1"), Pair(4, "/ws/key1")));
}

TEST_F(ListenKey, ThatHasExpiredIsReplacedOnAllConnectionsWithinThreeSeconds) {
    start();
    paths.take();
    const auto asked = peer.count("POST listenKey");
    peer.usual["POST listenKey"] = R"({"listenKey":"key2"})";
    account().renew_listen_key();
    run(seconds(3));
    EXPECT_THAT(paths.take(), ElementsAre(Pair(3, "/ws/key2"), Pair(4, "/ws/key2")));
    EXPECT_EQ(peer.count("POST listenKey"), asked + 1);
}

TEST_F(ListenKey, ThatIsHandedOutAgainThoughItWasSaidToBeGoneIsConnectedToAnew) {
    start();
    paths.take();
    account().renew_listen_key();
    run(seconds(3));
    EXPECT_THAT(paths.take(), ElementsAre(Pair(3, "/ws/key1"), Pair(4, "/ws/key1")));
}

TEST_F(ListenKey, IsToldToTheSecondConnectionWhenTheRingHasRoomAgain) {
    start();
    paths.take();
    while (paths.ring().slot() != nullptr) paths.ring().publish();
    peer.usual["POST listenKey"] = R"({"listenKey":"key2"})";
    account().renew_listen_key();
    run(seconds(1));
    ASSERT_NE(paths.ring().front(), nullptr);
    paths.ring().pop();
    run(seconds(1));
    EXPECT_EQ(paths.ring().slot(), nullptr) << "the first connection was told";
    paths.take();
    run(seconds(1));
    EXPECT_THAT(paths.take(), ElementsAre(Pair(4, "/ws/key2")));
    run(seconds(1));
    EXPECT_THAT(paths.take(), IsEmpty());
}

TEST_F(ListenKey, IsRefreshedEveryTwentyMinutesAndNeverDeleted) {
    start();
    paths.take();
    run(seconds(2 * 3600));
    EXPECT_EQ(peer.count("PUT listenKey"), 6U);
    EXPECT_EQ(peer.count("POST listenKey"), 1U);
    EXPECT_EQ(peer.count("DELETE listenKey"), 0U);
    EXPECT_THAT(paths.take(), IsEmpty()) << "a key that lives needs no new connection";
}

}  // namespace
}  // namespace tranche::support
