#include "net/aster/algo_orders.hpp"

#include <gtest/gtest.h>
#include <memory>

namespace tranche::aster {
namespace {

Command question(std::uint32_t tranche, CommandKind kind = CommandKind::query) {
    Command command{};
    command.kind = kind;
    command.type = OrderType::stop_market;
    command.id = {.instance = 1,
                  .role = Role::stop_loss,
                  .reserved = 0,
                  .epoch = 2,
                  .tranche = TrancheId{tranche},
                  .generation = 1};
    return command;
}

bool goes_to_the_engine(const Command& command, std::int64_t order_id) {
    return command.id == ClientOrderId{} && command.order_id == order_id &&
           command.type == OrderType::market;
}

TEST(AlgoOrders, WaitingOnesAreAskedForWhereTheyAre) {
    const auto orders = std::make_unique<AlgoOrders>();
    EXPECT_EQ(orders->translated(question(1)).id, question(1).id);
    orders->note(question(1).id, 2'146'760, 0);
    Command command = question(1);
    command.order_id = 2'146'760;
    EXPECT_EQ(orders->translated(command).id, command.id);
    EXPECT_EQ(orders->translated(command).type, OrderType::stop_market);
}

TEST(AlgoOrders, FiredOnesAreAskedForWhereTheyHaveGone) {
    const auto orders = std::make_unique<AlgoOrders>();
    orders->note(question(1).id, 2'146'760, 0);
    orders->note(question(1).id, 2'146'760, 8'886'774);
    EXPECT_TRUE(goes_to_the_engine(orders->translated(question(1)), 8'886'774));
    EXPECT_TRUE(
        goes_to_the_engine(orders->translated(question(1, CommandKind::cancel)), 8'886'774));
    EXPECT_EQ(orders->translated(question(2)).id, question(2).id) << "another order";
    EXPECT_EQ(orders->translated(question(1, CommandKind::place)).id, question(1).id);
}

TEST(AlgoOrders, AnIdThatIsNotTheServicesIsThatOfTheOrder) {
    const auto orders = std::make_unique<AlgoOrders>();
    orders->note(question(1).id, 2'146'760, 0);
    Command told = question(1);
    told.order_id = 8'886'774;  // as the user stream reported it
    EXPECT_TRUE(goes_to_the_engine(orders->translated(told), 8'886'774));
}

TEST(AlgoOrders, LeavesOrdinaryOrdersAlone) {
    const auto orders = std::make_unique<AlgoOrders>();
    orders->note(question(1).id, 2'146'760, 8'886'774);
    Command limit = question(1);
    limit.type = OrderType::limit;
    EXPECT_EQ(orders->translated(limit).id, limit.id);
    Command foreign = question(1);
    foreign.id = {};
    foreign.order_id = 77;
    EXPECT_EQ(orders->translated(foreign).type, OrderType::stop_market);
}

TEST(AlgoOrders, ForgetsTheOldestWhenThereAreTooMany) {
    const auto orders = std::make_unique<AlgoOrders>();
    for (std::uint32_t i = 0; i <= AlgoOrders::capacity; ++i)
        orders->note(question(i + 1).id, 1'000 + i, 2'000 + i);
    EXPECT_EQ(orders->translated(question(1)).id, question(1).id);
    EXPECT_TRUE(goes_to_the_engine(orders->translated(question(2)), 2'001));
    EXPECT_TRUE(goes_to_the_engine(orders->translated(question(AlgoOrders::capacity + 1)),
                                   2'000 + static_cast<std::int64_t>(AlgoOrders::capacity)));
}

}  // namespace
}  // namespace tranche::aster
