#include "core/symbols.hpp"

#include <gtest/gtest.h>

namespace tranche {
namespace {

SymbolRules named(const std::string& name) {
    SymbolRules rules;
    rules.name = name;
    return rules;
}

TEST(SymbolTable, FindsEveryOneOfFourThousandAndNoOther) {
    std::vector<SymbolRules> rules;
    for (int i = 0; i < 4096; ++i) rules.push_back(named("S" + std::to_string(i) + "USDT"));
    const SymbolTable table{rules, 3};
    ASSERT_EQ(table.size(), 4096U);
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const SymbolId id = table.find(rules[i].name);
        ASSERT_EQ(index(id), i);
        ASSERT_EQ(table.name(id), rules[i].name);
        ASSERT_EQ(table.is_configured(id), i < 3);
    }
    for (const std::string name : {"", "S4096USDT", "s1usdt", "S1USD", "S1USDT "})
        EXPECT_EQ(table.find(name), no_symbol) << name;
}

TEST(SymbolTable, AnEmptyOneKnowsNothing) {
    EXPECT_EQ(SymbolTable{}.find("BTCUSDT"), no_symbol);
    EXPECT_EQ((SymbolTable{{}, 0}.find("BTCUSDT")), no_symbol);
}

TEST(SymbolTableDeathTest, NamesAreDistinctAndFew) {
    EXPECT_DEATH((SymbolTable{{named("A"), named("A")}, 0}), "symbol names are distinct");
    EXPECT_DEATH((SymbolTable{{named("A")}, 2}), "the symbol table has room");
}

}  // namespace
}  // namespace tranche
