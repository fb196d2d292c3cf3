#include "tools/paper_wallet.hpp"

#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

constexpr SymbolId btc{0};

Record balance(std::int64_t wallet_usdt) {
    Record record = blank(RecordKind::balance, start_time);
    record.balance.wallet = {wallet_usdt * Notional::one};
    return record;
}

Record trade(std::int64_t trade_id, std::int64_t realized_usdt) {
    Record record = fill(1, trade_id, btc, start_time);
    record.fill.exchange_realized = {realized_usdt * Notional::one};
    record.fill.commission = {Notional::one};
    return record;
}

struct PaperWallet : testing::Test {
    Notional found(const std::vector<Record>& records) {
        storage.start(symbols);
        EXPECT_TRUE(storage.journal.append(tranche(1, btc, start_time)));
        for (const Record& record : records) EXPECT_TRUE(storage.journal.append(record));
        take(storage.writer.drain(start_time));
        return take(find_paper_wallet(storage.database, symbols, {500 * Notional::one}));
    }
    const Folder folder;
    const SymbolTable symbols = symbols_named({"BTCUSDT"});
    Storage storage{folder};
};

TEST_F(PaperWallet, OfANewDatabaseIsWhatTheSettingsSay) {
    EXPECT_EQ(found({}), Notional{500 * Notional::one});
}

TEST_F(PaperWallet, IsTheNewestBalanceOnRecord) {
    EXPECT_EQ(found({balance(500), trade(1, 11), balance(510)}), Notional{510 * Notional::one});
}

TEST_F(PaperWallet, AFillWhoseBalanceWasLostWithTheProcessCountsAsWell) {
    EXPECT_EQ(found({balance(500), trade(1, 11), balance(510), trade(2, -4)}),
              Notional{505 * Notional::one});
    EXPECT_EQ(storage.count("fills"), 2);
    EXPECT_EQ(storage.writer.status().rejected, 0U);
}

TEST_F(PaperWallet, TheStartLogNamesEveryAssumptionThatIsASetting) {
    PaperSettings paper;
    paper.latency = milliseconds(12);
    const std::string text = describe(paper);
    for (const char* part :
         {"paper.latency_ms=12 each way", "paper.maker_fee=0.0001", "paper.taker_fee=0.00035",
          "paper.balance_usdt=10000", "no signed request"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

}  // namespace
}  // namespace tranche::test
