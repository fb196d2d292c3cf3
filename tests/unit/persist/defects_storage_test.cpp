// Rows are known by ids of their own and held together by the database itself.
#include <gtest/gtest.h>

#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

constexpr SymbolId btc{0};
constexpr SymbolId eth{1};
const SymbolTable two_symbols = symbols_named({"BTCUSDT", "ETHUSDT"});

struct Stored {
    explicit Stored(const std::vector<Record>& records) {
        storage.start(two_symbols);
        for (const Record& record : records) EXPECT_TRUE(storage.journal.append(record));
        storage.writer.poll(start_time);
    }
    Folder folder;
    Storage storage{folder};
};

TEST(StoredTranche, OfOneSymbolDoesNotChangeWithTheSameOrdinalOfAnother) {
    Record changed = tranche(1, btc, start_time + seconds(1), TrancheState::closed);
    changed.tranche.quantity = {5};
    Stored stored{{tranche(1, btc, start_time), tranche(2, eth, start_time), changed}};
    Storage& storage = stored.storage;
    EXPECT_EQ(storage.count("tranches", "WHERE ordinal = 0"), 2);
    EXPECT_EQ(storage.count("tranches", "WHERE symbol = 'BTCUSDT' AND state = 'closed'"), 1);
    EXPECT_EQ(storage.count("tranches", "WHERE symbol = 'ETHUSDT' AND state = 'protected'"), 1);
}

TEST(StoredTranche, CannotGoWhileAnOrderRefersToIt) {
    Stored stored{{tranche(1, btc, start_time), order(1, 0, btc, start_time)}};
    Storage& storage = stored.storage;
    EXPECT_FALSE(storage.database.execute("DELETE FROM tranches WHERE id = 1").ok());
    EXPECT_EQ(storage.count("tranches"), 1);
    EXPECT_TRUE(storage.database.execute("DELETE FROM orders").ok());
    EXPECT_TRUE(storage.database.execute("DELETE FROM tranche_history").ok());
    EXPECT_TRUE(storage.database.execute("DELETE FROM tranches WHERE id = 1").ok());
}

TEST(StoredTranche, HasExactlyItsOrdersAndFills) {
    Stored stored{{tranche(1, btc, start_time), tranche(2, btc, start_time),
                   order(1, 0, btc, start_time), order(1, 1, btc, start_time),
                   order(2, 2, btc, start_time), fill(1, 10, btc, start_time),
                   fill(2, 11, btc, start_time), fill(2, 12, btc, start_time)}};
    Storage& storage = stored.storage;
    EXPECT_EQ(storage.count("orders", "WHERE tranche_id = 1"), 2);
    EXPECT_EQ(storage.count("orders", "WHERE tranche_id = 2"), 1);
    EXPECT_EQ(storage.count("fills", "WHERE tranche_id = 1"), 1);
    EXPECT_EQ(storage.count("fills", "WHERE tranche_id = 2"), 2);
    EXPECT_EQ(storage.count("orders", "WHERE tranche_id IS NULL"), 0);
}

}  // namespace
}  // namespace tranche::test
