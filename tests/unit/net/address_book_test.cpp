#include "net/address_book.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "net/name_servers.hpp"
#include "tests/unit/net/world.hpp"

namespace tranche::testing {
namespace {

SocketAddress at(const std::string& address) {
    return resolve(address, 443).value().front();
}

std::vector<SocketAddress> all(const std::vector<std::string>& addresses) {
    std::vector<SocketAddress> result;
    result.reserve(addresses.size());
    for (const std::string& one : addresses) result.push_back(at(one));
    return result;
}

std::vector<std::string> known(const AddressBook& book) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < book.size(); ++i) result.push_back(book.pick(i, 100).text());
    return result;
}

using Texts = std::vector<std::string>;

TEST(AddressBook, PicksInTurn) {
    const AddressBook book{all({"192.0.2.1", "192.0.2.2", "2001:db8::1"}), Nanos{}};
    const Texts expected{"192.0.2.1:443", "192.0.2.2:443", "[2001:db8::1]:443", "192.0.2.1:443"};
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(book.pick(i, 0).text(), expected[i]);
}

TEST(AddressBook, PutsNewAddressesFirstAndKeepsOldOnesForADay) {
    AddressBook book{all({"192.0.2.1", "192.0.2.2"}), seconds(0)};
    book.found(all({"192.0.2.9", "192.0.2.2"}), seconds(3600));
    EXPECT_EQ(known(book), (Texts{"192.0.2.9:443", "192.0.2.2:443", "192.0.2.1:443"}));
    book.found(all({"192.0.2.9"}), AddressBook::good_for);
    EXPECT_EQ(known(book), (Texts{"192.0.2.9:443", "192.0.2.2:443", "192.0.2.1:443"}));
    book.found(all({"192.0.2.9"}), AddressBook::good_for + nanoseconds(1));
    EXPECT_EQ(known(book), (Texts{"192.0.2.9:443", "192.0.2.2:443"}));
}

TEST(AddressBook, TriesOldAddressesOnlyWhenAllThatAreNamedHaveFailed) {
    AddressBook book{all({"192.0.2.1", "192.0.2.2"}), seconds(0)};
    book.found(all({"192.0.2.8", "192.0.2.9"}), seconds(60));
    for (std::size_t turn = 0; turn < 6; ++turn)
        for (const std::size_t failures : {0U, 1U})
            EXPECT_EQ(book.pick(turn, failures).text(),
                      turn % 2 == 0 ? "192.0.2.8:443" : "192.0.2.9:443");
    EXPECT_EQ(book.pick(2, 2).text(), "192.0.2.1:443");
    EXPECT_EQ(book.pick(3, 3).text(), "192.0.2.2:443");
    book.failed(seconds(120));
    EXPECT_EQ(book.pick(3, 0).text(), "192.0.2.9:443")
        << "a name server that fails changes nothing";
}

TEST(AddressBook, OutlivesANameServerThatFailsAndNeverEmpties) {
    AddressBook book{all({"192.0.2.1", "192.0.2.2"}), seconds(0)};
    book.failed(seconds(60));
    book.failed(AddressBook::good_for);
    EXPECT_EQ(book.size(), 2U);
    book.failed(AddressBook::good_for + seconds(60));
    EXPECT_EQ(known(book), Texts{"192.0.2.1:443"});
}

TEST(AddressBook, HoldsNoMoreThanItsCapacity) {
    std::vector<std::string> many;
    for (int i = 1; i <= 20; ++i) many.push_back("192.0.2." + std::to_string(i));
    AddressBook book{all(many), Nanos{}};
    EXPECT_EQ(book.size(), AddressBook::capacity);
    book.found(all({"198.51.100.1"}), seconds(1));
    EXPECT_EQ(book.size(), AddressBook::capacity);
    EXPECT_EQ(book.pick(0, 0).text(), "198.51.100.1:443");
}

/// A resolver that answers when a test says so.
class ScriptedLookup final : public NameLookup {
public:
    struct Script {
        int started{};
        std::string asked;
        std::optional<Result<std::vector<SocketAddress>>> answer;
    };
    explicit ScriptedLookup(Script& script) : script_{script} {}
    void start(const std::string& host, std::uint16_t port) override {
        ++script_.started;
        script_.asked = host + ":" + std::to_string(port);
    }
    std::optional<Result<std::vector<SocketAddress>>> outcome() override {
        return std::exchange(script_.answer, std::nullopt);
    }

private:
    Script& script_;
};

TEST(NameWatch, AsksEachMinuteAndNeverTwiceAtOnce) {
    AddressBook book{all({"192.0.2.1"}), seconds(1000)};
    ScriptedLookup::Script script;
    NameWatch watch{book,        "fapi.example", 443, std::make_unique<ScriptedLookup>(script),
                    seconds(60), seconds(1000)};
    watch.poll(Nanos{seconds(1060).count - 1});
    EXPECT_EQ(script.started, 0);
    watch.poll(seconds(1060));
    EXPECT_EQ(script.started, 1);
    EXPECT_EQ(script.asked, "fapi.example:443");
    watch.poll(seconds(1130));
    EXPECT_EQ(script.started, 1) << "the first is still under way";
    script.answer = all({"192.0.2.7"});
    watch.poll(seconds(1131));
    EXPECT_EQ(known(book), (Texts{"192.0.2.7:443", "192.0.2.1:443"}));
    watch.poll(seconds(1131));
    EXPECT_EQ(script.started, 2) << "a minute after the last began";
}

TEST(NameWatch, KeepsTheGoodAddressesWhileTheNameServerFails) {
    AddressBook book{all({"192.0.2.1"}), Nanos{}};
    ScriptedLookup::Script script;
    NameWatch watch{book,        "fapi.example", 443, std::make_unique<ScriptedLookup>(script),
                    seconds(60), Nanos{}};
    for (int minute = 1; minute <= 30; ++minute) {
        watch.poll(seconds(60 * minute));
        script.answer = Error{ErrorKind::unavailable, "no name server"};
        watch.poll(seconds(60 * minute));
    }
    EXPECT_EQ(script.started, 30);
    EXPECT_EQ(watch.failures(), 30U);
    EXPECT_EQ(watch.trouble(), "no name server");
    EXPECT_EQ(known(book), Texts{"192.0.2.1:443"});
    watch.poll(seconds(60 * 31));
    script.answer = all({"192.0.2.1"});
    watch.poll(seconds(60 * 31));
    EXPECT_EQ(watch.trouble(), "");
}

TEST(NameWatch, LooksNoAddressUp) {
    AddressBook book{all({"192.0.2.1"}), Nanos{}};
    ScriptedLookup::Script script;
    NameWatch watch{book,        "192.0.2.1", 443, std::make_unique<ScriptedLookup>(script),
                    seconds(60), Nanos{}};
    watch.poll(seconds(600));
    EXPECT_EQ(script.started, 0);
}

/// What `lookup` says of `host` in the end.
Result<std::vector<SocketAddress>> outcome_of(NameLookup& lookup, const std::string& host) {
    lookup.start(host, 443);
    std::optional<Result<std::vector<SocketAddress>>> outcome;
    World world;
    EXPECT_TRUE(world.drive([&] {
        outcome = lookup.outcome();
        return outcome.has_value();
    }));
    return *outcome;
}

TEST(SystemLookup, AnswersAsResolveDoesWithoutBlocking) {
    const std::unique_ptr<NameLookup> lookup = make_lookup({});
    const auto found = outcome_of(*lookup, "127.0.0.1");
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found.value().at(0), at("127.0.0.1"));
    const auto missing = outcome_of(*lookup, "no-such-host.invalid");
    ASSERT_FALSE(missing.ok());
    EXPECT_NE(missing.error().message.find("no-such-host.invalid"), std::string::npos);
    const std::unique_ptr<NameLookup> dropped = make_system_lookup();
    dropped->start("no-such-host.invalid", 443);
}

TEST(ServerLookup, KnowsNumbersAndTheHostsFileWithoutAskingAnybody) {
    const std::unique_ptr<NameLookup> lookup = make_lookup({"127.0.0.1:1"});  // nobody is there
    for (const std::string host : {"192.0.2.7", "2001:db8::1"}) {
        const auto found = outcome_of(*lookup, host);
        ASSERT_TRUE(found.ok()) << found.error().message;
        ASSERT_EQ(found.value().size(), 1U);
        EXPECT_EQ(found.value().front(), at(host));
    }
    const auto here = outcome_of(*lookup, "localhost");
    ASSERT_TRUE(here.ok()) << here.error().message;
    EXPECT_EQ(std::ranges::count(here.value(), at("127.0.0.1")), 1);
}

TEST(ServerLookup, SaysWhoWasAskedInVainAndMayBeDroppedOnTheWay) {
    const std::unique_ptr<NameLookup> lookup = make_server_lookup({"127.0.0.1:1", "[::1]:1"});
    const auto missing = outcome_of(*lookup, "fapi.exchange.test");
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().kind, ErrorKind::unavailable);
    for (const char* part : {"fapi.exchange.test", "127.0.0.1:1,[::1]:1", "exchange.dns_servers"})
        EXPECT_NE(missing.error().message.find(part), std::string::npos) << part;
    lookup->start("fapi.exchange.test", 443);
}

}  // namespace
}  // namespace tranche::testing
