#include "tests/integration/network.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "core/numbers.hpp"
#include "persist/database.hpp"
#include "tools/http_client.hpp"

namespace tranche::integration {
namespace {

/// A minute is what the design waits after doubts about clock or margin.
constexpr Nanos back_to_trading = seconds(90);

/// Fast enough that a second of it makes several orders.
std::vector<std::string> lively(const Folder& folder, const std::vector<std::string>& more) {
    std::vector<std::string> flags{"--seed",    "11",   "--speed",    "3",
                                   "--balance", "5000", "--json-log", folder.path("ledger.jsonl")};
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
}

Json quick_settings(const Folder& folder, const Exchange& exchange, const Network::Tweak& tweak) {
    Json settings = trading_settings(folder, exchange);
    settings["globals"]["order_ttl_seconds"] = 2;
    settings["globals"]["order_cleanup_interval_seconds"] = 1;
    if (tweak) tweak(settings);
    return settings;
}

Environment with(Environment environment, const Environment& more) {
    environment.insert(environment.end(), more.begin(), more.end());
    return environment;
}

/// Like `eventually`, for conditions that cost the exchange more than a look.
bool at_leisure(Nanos patience, const std::function<bool()>& condition) {
    Nanos next{};
    return eventually(patience, [&] {
        const Nanos now = monotonic_now();
        if (now < next) return false;
        next = now + milliseconds(60);
        return condition();
    });
}

Json ask_exchange(const Exchange& exchange, HttpCall call) {
    call.url = exchange.control() + call.url;
    const auto answer = ask(call);
    if (!answer) throw std::runtime_error(answer.error().message);
    if (answer.value().status != 200)
        throw std::runtime_error(call.url + ": " + answer.value().body);
    return Json::parse(answer.value().body);
}

/// `2026-11-22T20:00:33.916250Z` as a time of that day; logs of a test span no midnight that
/// matters, and one that does shows as a negative span.
Nanos time_of(std::string_view line) {
    const auto part = [line](std::size_t at, std::size_t length) {
        std::int64_t value = 0;
        std::from_chars(line.data() + at, line.data() + at + length, value);
        return value;
    };
    if (line.size() < 27) return {};
    return seconds(part(11, 2) * 3600 + part(14, 2) * 60 + part(17, 2)) + Nanos{part(20, 6) * 1000};
}

/// What follows ` name=` in a line of the log.
std::string field(const std::string& line, const std::string& name) {
    const std::string mark = " " + name + "=";
    const std::size_t at = line.find(mark);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + mark.size();
    return line.substr(begin, line.find(' ', begin) - begin);
}

std::vector<OrderChange> order_changes(const std::string& log) {
    std::vector<OrderChange> changes;
    std::istringstream lines{log};
    for (std::string line; std::getline(lines, line);) {
        if (line.find(" info order symbol=") == std::string::npos) continue;
        changes.push_back({field(line, "id"), field(line, "symbol"), field(line, "role"),
                           field(line, "state"), time_of(line)});
    }
    return changes;
}

/// A position side of the exchange's log, as its lines move it.
struct SideKey {
    std::int64_t quantity{};
    std::set<std::int64_t> stops;
    std::int64_t bare_since_ms{-1};
};

std::int64_t moved(const Json& line) {
    const std::int64_t quantity = parse_decimal(line.value("fillQuantity", "0")).value_or(0);
    const bool buys = line.value("side", "") == "BUY";
    const bool of_short = line.value("positionSide", "") == "SHORT";
    return buys != of_short ? quantity : -quantity;
}

void apply(const Json& line, SideKey& key) {
    if (line.value("kind", "") == "fill") key.quantity += moved(line);
    if (!line.value("origType", "").starts_with("STOP")) return;
    const std::string status = line.value("status", "");
    const std::int64_t id = line.value("orderId", std::int64_t{});
    if (status == "NEW" || status == "PARTIALLY_FILLED")
        key.stops.insert(id);
    else
        key.stops.erase(id);
}

}  // namespace

Nanos time_of_day() {
    constexpr std::int64_t day_ns = 86'400'000'000'000;
    return Nanos{kernel_now().count % day_ns};
}

std::string counting(const std::string& call) {
    return "delay:0@" + call + "=1";
}

Nanos longest_without_stop(const std::string& json_log, std::int64_t until_ms, std::string& which) {
    std::map<std::string, SideKey> keys;
    Nanos longest{};
    const auto end_bare = [&](const std::string& name, SideKey& key, std::int64_t now_ms) {
        if (key.bare_since_ms >= 0 && milliseconds(now_ms - key.bare_since_ms) > longest) {
            longest = milliseconds(now_ms - key.bare_since_ms);
            which = fmt::format("{} from {} to {}", name, key.bare_since_ms, now_ms);
        }
        key.bare_since_ms = -1;
    };
    std::istringstream lines{json_log};
    for (std::string text; std::getline(lines, text);) {
        const Json line = Json::parse(text, nullptr, false);
        if (!line.is_object() || line.value("kind", "") == "liquidation") continue;
        const std::string name = line.value("symbol", "") + " " + line.value("positionSide", "");
        SideKey& key = keys[name];
        apply(line, key);
        const std::int64_t now_ms = line.value("time", std::int64_t{});
        const bool bare = key.quantity != 0 && key.stops.empty();
        if (bare && key.bare_since_ms < 0) key.bare_since_ms = now_ms;
        if (!bare) end_bare(name, key, now_ms);
    }
    for (auto& [name, key] : keys) end_bare(name, key, until_ms);
    return longest;
}

Network::Network(const std::vector<std::string>& exchange_flags, const Tweak& tweak,
                 const Environment& more)
    : exchange_{folder_, lively(folder_, exchange_flags)},
      engine_{folder_, quick_settings(folder_, exchange_, tweak),
              with(credentials(folder_), more)} {}

bool Network::holds(std::size_t tranches) {
    const bool there = engine_.trades() && eventually(seconds(60), [this, tranches] {
                           return read_engine(engine_).tranches.size() >= tranches;
                       });
    EXPECT_TRUE(there) << engine_.log();
    listen();
    return there;
}

bool Network::trades_on(std::int64_t orders, Nanos patience) {
    const std::int64_t accepted = read_exchange(exchange_).accepted;
    return eventually(patience,
                      [&] { return read_exchange(exchange_).accepted >= accepted + orders; });
}

Json Network::post(const std::string& path, const std::string& body) {
    HttpCall call;
    call.method = "POST";
    call.url = "/sim/" + path;
    call.body = body;
    return ask_exchange(exchange_, call);
}

Json Network::get_from_exchange(const std::string& path) const {
    HttpCall call;
    call.url = path;
    return ask_exchange(exchange_, call);
}

std::int64_t Network::happened() const {
    std::int64_t sum = 0;
    for (const Json& rule : get_from_exchange("/sim/faults"))
        sum += rule.value("happened", std::int64_t{});
    return sum;
}

std::int64_t Network::happened_to(const std::string& call, const std::string& fault) const {
    for (const Json& rule : get_from_exchange("/sim/faults"))
        if (rule.value("where", "") == call && rule.value("fault", "") == fault)
            return rule.value("happened", std::int64_t{});
    ADD_FAILURE() << "no rule " << fault << '@' << call;
    return -1;
}

bool Network::strikes(const std::string& list, std::int64_t times, Nanos patience) {
    faults(list);
    const bool struck = at_leisure(patience, [&] { return happened() >= times; });
    EXPECT_TRUE(struck) << list << " struck " << happened() << " times";
    return struck;
}

std::int64_t Network::harm(const std::string& what, const std::string& which, int count) {
    const Json answer =
        post("connections", fmt::format("do={}&which={}&count={}", what, which, count));
    return answer.value("harmed", std::int64_t{});
}

void Network::press(const std::string& verb) {
    HttpCall call;
    call.method = "POST";
    call.url = engine_.page() + "/api/control/" + verb;
    call.body = "{}";
    const auto answer = ask(call);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    ASSERT_LT(answer.value().status, 300) << answer.value().body;
}

void Network::listen() {
    heard_ = engine_.log().size();
}

std::string Network::said() const {
    return engine_.log().substr(heard_);
}

bool Network::says(const std::string& text, Nanos patience) const {
    return eventually(patience, [&] { return said().find(text) != std::string::npos; });
}

std::vector<ModeChange> Network::modes() const {
    std::vector<ModeChange> changes;
    std::istringstream lines{said()};
    for (std::string line; std::getline(lines, line);) {
        const std::size_t at = line.find(" mode from=");
        const std::size_t to = line.find(" to=", at);
        if (at == std::string::npos || to == std::string::npos) continue;
        const std::size_t end = line.find(' ', to + 4);
        changes.push_back({line.substr(to + 4, end - to - 4), time_of(line)});
    }
    return changes;
}

std::vector<OrderChange> Network::orders() const {
    return order_changes(said());
}

std::optional<Nanos> Network::said_at(const std::string& text) const {
    std::istringstream lines{said()};
    for (std::string line; std::getline(lines, line);)
        if (line.find(text) != std::string::npos) return time_of(line);
    return std::nullopt;
}

std::int64_t Network::count_of(const std::string& rows) const {
    auto database = Database::open(folder_.path("tranche.db"), Access::read);
    if (!database) return -1;
    const auto count = database.value().integer("SELECT count(*) FROM " + rows, -1);
    return count ? count.value() : -1;
}

std::int64_t Network::recorded(const std::string& alarm) const {
    return count_of("alarms WHERE kind = '" + alarm + "'");
}

std::int64_t Network::recorded_fills() const {
    return count_of("fills WHERE ours = 1 AND trade_id <> 0");
}

std::int64_t Network::unseen() {
    exchange_.pause_market();
    std::int64_t seen = -1;
    // The figure of the page counts as complete when a second adds nothing.
    const auto settled = [&] {
        const bool same = std::exchange(seen, engine_.figure("/funnel/liquidations")) == seen;
        return same && !eventually(seconds(1),
                                   [&] { return engine_.figure("/funnel/liquidations") != seen; });
    };
    EXPECT_TRUE(eventually(seconds(20), settled)) << seen;
    return exchange_.ledger().value("liquidations_published", std::int64_t{-1}) - seen;
}

std::string Network::mode() const {
    return engine_.get("/api/overview").value("mode", "");
}

bool Network::becomes(const std::string& wanted, Nanos patience) const {
    return eventually(patience, [&] {
        const auto changes = modes();
        return std::ranges::any_of(changes, [&](const auto& one) { return one.to == wanted; });
    });
}

bool Network::closes_entries(Nanos patience) const {
    return eventually(patience, [this] { return !modes().empty(); });
}

bool Network::stays_closed(Nanos span) const {
    const auto trades = [this] { return mode() == "trading"; };
    return eventually(seconds(5), [&] { return !trades(); }) && !eventually(span, trades);
}

Nanos Network::longest_out_of_trading() const {
    Nanos longest{};
    std::optional<Nanos> left;
    for (const ModeChange& change : modes()) {
        if (change.to != "trading") {
            if (!left) left = change.at;
        } else if (left) {
            longest = std::max(longest, change.at - *left);
            left.reset();
        }
    }
    return longest;
}

double Network::metric(const std::string& name, const std::string& label) const {
    std::istringstream lines{engine_.get_text("/metrics")};
    double sum = 0;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t end = line.find_first_of("{ ");
        if (line.substr(0, end) != "tranche_" + name) continue;
        if (line.find(label) == std::string::npos) continue;
        sum += std::stod(line.substr(line.rfind(' ')));
    }
    return sum;
}

void Network::expect_nothing_doubled() {
    std::int64_t entries = 0;
    for (const Json& order : get_from_exchange("/sim/orders")) {
        const std::string id = order.value("clientOrderId", "");
        const std::size_t role = id.size() < 3 ? 0 : id.rfind('-', id.rfind('-') - 1) + 1;
        const bool executed = parse_decimal(order.value("executed", "0")).value_or(0) != 0;
        if (role > 0 && id[0] == 'q' && id[role] == 'e' && executed) ++entries;
    }
    EXPECT_LE(entries, engine_.figure("/funnel/verdicts/entered"))
        << "more entries were executed than liquidations were answered";
    const ExchangeBook book = read_exchange(exchange_);
    EXPECT_EQ(book.most_by_client_id, 1);
    EXPECT_EQ(book.duplicates, 0);
}

/// An order that was over stays over, whatever came late, twice or in another order.
void Network::expect_no_order_came_back() const {
    const std::set<std::string> over{"filled", "canceled", "expired", "rejected"};
    std::map<std::string, std::string> ended;
    for (const OrderChange& change : order_changes(engine_.log())) {
        const std::string before = ended.contains(change.id) ? ended.at(change.id) : "";
        EXPECT_TRUE(before.empty() || over.contains(change.state))
            << change.id << " was " << before << " and is " << change.state;
        if (over.contains(change.state)) ended[change.id] = change.state;
    }
}

void Network::ends_well(Nanos bound) {
    faults("none");
    EXPECT_TRUE(eventually(back_to_trading, [this] { return mode() == "trading"; }))
        << "it does not trade again: " << engine_.get("/api/overview").dump(1) << said();
    ASSERT_NO_FATAL_FAILURE(exchange_.pause_market());
    EXPECT_EQ(settle(engine_, exchange_), "") << engine_.log();
    expect_nothing_doubled();
    expect_no_order_came_back();
    std::string which;
    const std::int64_t now_ms = exchange_.ledger().value("time", std::int64_t{});
    const Nanos bare = longest_without_stop(folder_.read("ledger.jsonl"), now_ms, which);
    EXPECT_LE(bare.milliseconds(), bound.milliseconds()) << which << engine_.log();
    EXPECT_EQ(engine_.figure("/funnel/unprotected_now"), 0);
    EXPECT_EQ(engine_.stop(), 0) << engine_.log();
}

}  // namespace tranche::integration
