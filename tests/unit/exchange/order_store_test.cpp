#include "tools/exchange/order_store.hpp"

#include <gtest/gtest.h>
#include <string>

namespace tranche::exchange {
namespace {

NewOrder named(const std::string& client_id) {
    NewOrder order;
    order.client_id = client_id;
    return order;
}

TEST(ClientText, IsItsCharactersAndNothingElse) {
    const ClientText text{"lh-1-E"};
    EXPECT_EQ(text.view(), "lh-1-E");
    EXPECT_EQ(text, ClientText{std::string{"lh-1-E"}});
    EXPECT_EQ(text.hash(), ClientText{"lh-1-E"}.hash());
    EXPECT_FALSE(text == ClientText{"lh-1-F"});
    const std::string zero(1, '\0');
    EXPECT_FALSE(ClientText{} == ClientText{zero}) << "length counts";
    EXPECT_EQ(ClientText{std::string(36, 'x')}.size(), 36U);
}

TEST(OrderStore, FindsOrdersByBothIdsAndNeverMovesThem) {
    OrderStore store{0};
    std::vector<const Order*> made;
    made.reserve(5000);
    for (int count = 0; count < 5000; ++count)
        made.push_back(&store.create(named("id-" + std::to_string(count)), 7));
    EXPECT_EQ(store.created(), 5000);
    for (int count = 0; count < 5000; ++count) {
        const Order* order = made[static_cast<std::size_t>(count)];
        ASSERT_EQ(store.find(order->id), order);
        ASSERT_EQ(store.newest("id-" + std::to_string(count)), order);
    }
    EXPECT_EQ(store.find(made.back()->id + 1), nullptr);
    EXPECT_EQ(store.newest("id-5000"), nullptr);
    ASSERT_EQ(store.all().size(), 5000U);
    EXPECT_EQ(store.all().front(), made.front());
    EXPECT_EQ(store.all().back(), made.back());
}

TEST(OrderStore, LeadsFromTheNewestOfAClientIdToTheEarlierOnes) {
    OrderStore store{0};
    Order& first = store.create(named("same"), 1);
    Order& second = store.create(named("same"), 2);
    EXPECT_EQ(store.newest("same"), &second);
    EXPECT_EQ(second.earlier, &first);
    EXPECT_EQ(first.earlier, nullptr);
    EXPECT_EQ(second.rank, 2U);
    EXPECT_EQ(store.duplicates(), 1);
    EXPECT_EQ(store.most_of_one_id(), 2);
}

TEST(OrderStore, WithoutAnIdAnOrderGetsOneOfItsOwn) {
    OrderStore store{0};
    const Order& a = store.create({}, 1);
    const Order& b = store.create({}, 1);
    EXPECT_TRUE(a.terms.client_id.view().starts_with("auto-"));
    EXPECT_FALSE(a.terms.client_id == b.terms.client_id);
}

TEST(OrderStore, WithALimitForgetsTheOldestEndedOrdersOnly) {
    constexpr std::size_t kept = OrderStore::least_kept;
    OrderStore store{kept};
    Order& open = store.create(named("open"), 1);
    const OrderId open_id = open.id;
    std::vector<OrderId> ids;
    for (std::size_t count = 0; count < 20 * kept; ++count) {
        // Every third carries an id that was there before.
        Order& order = store.create(named("e-" + std::to_string(count / 3)), 1);
        ids.push_back(order.id);
        store.ended(order);
    }
    EXPECT_EQ(store.all().size(), kept + 1);
    EXPECT_EQ(store.find(open_id), &open);
    EXPECT_EQ(store.newest("open"), &open);
    for (std::size_t at = 0; at < ids.size(); ++at)
        ASSERT_EQ(store.find(ids[at]) != nullptr, at >= ids.size() - kept) << at;
    EXPECT_EQ(store.newest("e-0"), nullptr);
    const Order* newest = store.newest("e-" + std::to_string((ids.size() - 1) / 3));
    ASSERT_NE(newest, nullptr);
    EXPECT_EQ(newest->id, ids.back());
    EXPECT_EQ(store.created(), static_cast<std::int64_t>(ids.size()) + 1);
}

TEST(OrderStore, ForgetsAnOrderFromTheMiddleOfItsClientId) {
    constexpr std::size_t kept = OrderStore::least_kept;
    OrderStore store{kept};
    Order& first = store.create(named("same"), 1);
    Order& second = store.create(named("same"), 2);
    Order& third = store.create(named("same"), 3);
    store.ended(second);
    for (std::size_t count = 0; count < kept; ++count) store.ended(store.create({}, 4));
    EXPECT_EQ(store.newest("same"), &third);
    EXPECT_EQ(third.earlier, &first);
}

}  // namespace
}  // namespace tranche::exchange
