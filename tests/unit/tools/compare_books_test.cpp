#include "tools/compare_books.hpp"

#include <gtest/gtest.h>

namespace tranche {
namespace {

constexpr std::int64_t one = Quantity::one;

/// One long tranche of 3 BTC with stop, take-profit and backstop, as both sides tell it.
struct Books {
    StoredBooks stored;
    ListedBooks listed;
    EngineSettings settings;

    Books() {
        settings.symbols.push_back({.name = "BTCUSDT"});
        Stored<TrancheRow> tranche;
        tranche.symbol = "BTCUSDT";
        tranche.row.id = TrancheId{7};
        tranche.row.state = TrancheState::protected_;
        tranche.row.quantity = {3 * one};
        tranche.row.stop_loss_order = 1;
        stored.tranches.push_back(tranche);
        aster::ListedPosition position;
        position.symbol = "BTCUSDT";
        position.update.leg = PositionLeg::long_side;
        position.update.amount = {3 * one};
        listed.positions.push_back(position);
        add(Role::stop_loss, 7, 3 * one);
        add(Role::take_profit, 7, 3 * one);
        add(Role::backstop, 0, 0);
    }

    void add(Role role, std::uint32_t tranche, std::int64_t quantity) {
        const ClientOrderId id{.instance = 0,
                               .role = role,
                               .reserved = 0,
                               .epoch = 2,
                               .tranche = TrancheId{tranche},
                               .generation = 1};
        Stored<OrderRow> ours;
        ours.symbol = "BTCUSDT";
        ours.row.id = id;
        ours.row.state = OrderState::working;
        stored.orders.push_back(ours);
        aster::ListedOrder theirs;
        theirs.symbol = "BTCUSDT";
        theirs.order.ours = true;
        theirs.order.id = id;
        theirs.order.side = Side::sell;
        theirs.order.leg = PositionLeg::long_side;
        theirs.order.quantity = {quantity};
        theirs.order.close_position = role == Role::backstop;
        listed.orders.push_back(theirs);
    }
    void drop(Role role) {
        std::erase_if(stored.orders, [role](const auto& row) { return row.row.id.role == role; });
        std::erase_if(listed.orders, [role](const auto& row) { return row.order.id.role == role; });
    }
    std::vector<FindingKind> kinds() const {
        std::vector<FindingKind> found;
        for (const Finding& one_found : compare_books(stored, listed, settings).findings)
            found.push_back(one_found.kind);
        return found;
    }
};

using Kinds = std::vector<FindingKind>;

TEST(CompareBooks, WhatAgreesGivesNothing) {
    const Books books;
    const Comparison comparison = compare_books(books.stored, books.listed, books.settings);
    EXPECT_TRUE(comparison.findings.empty());
    EXPECT_EQ(comparison.positions, 1);
    EXPECT_EQ(comparison.tranches, 1);
    EXPECT_EQ(comparison.orders, 3);
    EXPECT_EQ(comparison.foreign_orders, 0);
}

TEST(CompareBooks, APositionThatIsNotTheSumOfItsTranchesIsNamed) {
    Books books;
    books.listed.positions[0].update.amount = {4 * one};
    EXPECT_EQ(books.kinds(), Kinds{FindingKind::position});
    books.listed.positions.clear();
    EXPECT_EQ(books.kinds(), Kinds{FindingKind::position});
}

TEST(CompareBooks, WithoutItsStopATrancheMissesAnExitAndWithoutABackstopItIsUnprotected) {
    Books books;
    books.drop(Role::stop_loss);
    EXPECT_EQ(books.kinds(), Kinds{FindingKind::exit_missing}) << "the backstop still covers it";
    books.drop(Role::backstop);
    EXPECT_EQ(books.kinds(), (Kinds{FindingKind::exit_missing, FindingKind::unprotected}));
}

TEST(CompareBooks, AStopForLessThanIsHeldIsNoStop) {
    Books books;
    books.drop(Role::backstop);
    books.listed.orders[0].order.filled = {1};
    EXPECT_EQ(books.kinds(), (Kinds{FindingKind::exit_missing, FindingKind::unprotected}));
    books.listed.orders[0].order.filled = {};
    books.listed.orders[0].order.side = Side::buy;
    EXPECT_EQ(books.kinds(), (Kinds{FindingKind::exit_missing, FindingKind::unprotected}))
        << "one that would add to it protects nothing";
}

TEST(CompareBooks, DustIsLeftToTheBackstopAsTheDatabaseSays) {
    Books books;
    books.drop(Role::stop_loss);
    books.drop(Role::take_profit);
    books.stored.tranches[0].row.stop_loss_order = 0;
    EXPECT_EQ(books.kinds(), Kinds{});
}

TEST(CompareBooks, OrdersThatOnlyOneSideKnowsAreNamedAndThoseOfOthersOnlyCounted) {
    Books books;
    books.stored.orders.pop_back();
    EXPECT_EQ(books.kinds(), Kinds{FindingKind::order_unknown});
    Books missing;
    missing.listed.orders.pop_back();
    EXPECT_EQ(missing.kinds(), Kinds{FindingKind::order_missing});
    Books doubted;
    doubted.stored.orders[2].row.state = OrderState::unknown;
    EXPECT_EQ(doubted.kinds(), Kinds{FindingKind::order_doubted});
    Books foreign;
    foreign.listed.orders.push_back(foreign.listed.orders[0]);
    foreign.listed.orders.back().order.id.instance = 9;
    foreign.listed.orders.push_back(foreign.listed.orders[0]);
    foreign.listed.orders.back().order.ours = false;
    const Comparison comparison = compare_books(foreign.stored, foreign.listed, foreign.settings);
    EXPECT_TRUE(comparison.findings.empty());
    EXPECT_EQ(comparison.foreign_orders, 2);
}

TEST(CompareBooks, WhatTheSettingsDoNotTradeIsOnlyCounted) {
    Books books;
    aster::ListedPosition other = books.listed.positions[0];
    other.symbol = "DOGEUSDT";
    books.listed.positions.push_back(other);
    const Comparison comparison = compare_books(books.stored, books.listed, books.settings);
    EXPECT_TRUE(comparison.findings.empty());
    EXPECT_EQ(comparison.foreign_positions, 1);
}

}  // namespace
}  // namespace tranche
