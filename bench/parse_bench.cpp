// Frame bytes → ByteRing → Parse → Ring<Event>, one thread pinned to the last core. 450 symbols are
// listed, 300 of them configured. Each payload is new, so that nothing is dropped as known, and
// each decoded event is compared with the numbers its payload was made from. Floors in the same
// run, on the same bytes: copying the frame, and simdjson's DOM parse without reading a member.
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <simdjson.h>

#include "bench/report.hpp"
#include "core/byte_ring.hpp"
#include "core/clock.hpp"
#include "net/aster/codec.hpp"
#include "net/parse.hpp"

namespace tranche::bench {
namespace {

constexpr std::size_t listed = 450;
constexpr std::size_t configured = 300;
constexpr std::int64_t first_ms = 1'790'000'000'000;

SymbolTable make_symbols() {
    std::vector<SymbolRules> rules(listed);
    for (std::size_t i = 0; i < listed; ++i) rules[i].name = fmt::format("S{:03}USDT", i);
    return SymbolTable{std::move(rules), configured};
}

/// One payload, and what must come out of it. `turn` makes it new.
struct Kind {
    const char* name;
    std::string (*payload)(std::size_t turn);
    bool (*right)(const Event& event, std::size_t place, std::size_t turn);
    std::size_t events;
};

std::int64_t units(std::size_t whole) {
    return static_cast<std::int64_t>(whole) * Price::one;
}
std::size_t symbol_of(std::size_t turn) {
    return turn * 7 % configured;
}
Nanos time_of(std::size_t turn) {
    return milliseconds(first_ms + static_cast<std::int64_t>(turn));
}

std::string liquidation_payload(std::size_t turn) {
    return fmt::format(
        R"({{"stream":"!forceOrder@arr","data":{{"e":"forceOrder","E":{0},"o":{{"s":"S{1:03}USDT",)"
        R"("S":"SELL","o":"LIMIT","f":"IOC","q":"{2}.125","p":"171.92","ap":"173.4415",)"
        R"("X":"FILLED","l":"12.7","z":"{2}.125","T":{0}}}}}}})",
        first_ms + static_cast<std::int64_t>(turn), symbol_of(turn), turn + 1);
}
bool liquidation_right(const Event& event, std::size_t, std::size_t turn) {
    const Liquidation& body = event.liquidation;
    return event.kind == EventKind::liquidation && index(event.symbol) == symbol_of(turn) &&
           body.side == Side::sell && body.quantity.raw == units(turn + 1) + 12'500'000 &&
           body.average_price.raw == 17'344'150'000 && body.trade_time == time_of(turn);
}

std::string book_payload(std::size_t turn) {
    return fmt::format(
        R"({{"stream":"s{1:03}usdt@bookTicker","data":{{"e":"bookTicker","u":{0},)"
        R"("s":"S{1:03}USDT","b":"{2}.5","B":"31.21","a":"{2}.6","A":"40.66","T":{3},"E":{3}}}}})",
        400'900'217 + turn, symbol_of(turn), turn + 1, first_ms + static_cast<std::int64_t>(turn));
}
bool book_right(const Event& event, std::size_t, std::size_t turn) {
    const BookTicker& body = event.book_ticker;
    return event.kind == EventKind::book_ticker && index(event.symbol) == symbol_of(turn) &&
           body.bid.raw == units(turn + 1) + 50'000'000 &&
           body.ask.raw == units(turn + 1) + 60'000'000 && body.ask_quantity.raw == 4'066'000'000;
}

std::string marks_payload(std::size_t turn) {
    std::string text = R"({"stream":"!markPrice@arr@1s","data":[)";
    for (std::size_t i = 0; i < listed; ++i)
        text += fmt::format(
            R"({}{{"e":"markPriceUpdate","E":{},"s":"S{:03}USDT","p":"{}.55000000",)"
            R"("P":"9.54000000","i":"9.55123456","r":"-0.00010000","T":1790006400000}})",
            i == 0 ? "" : ",", first_ms + static_cast<std::int64_t>(turn) * 1000, i, turn + i + 1);
    return text + "]}";
}
bool mark_right(const Event& event, std::size_t place, std::size_t turn) {
    const MarkPrice& body = event.mark_price;
    return event.kind == EventKind::mark_price && index(event.symbol) == place &&
           body.mark.raw == units(turn + place + 1) + 55'000'000 &&
           body.funding_rate.raw == -10'000 && body.index.raw == 955'123'456;
}

ClientOrderId id_of(std::size_t turn) {
    return {.instance = 1,
            .role = Role::entry,
            .reserved = 0,
            .epoch = 3,
            .tranche = TrancheId{static_cast<std::uint32_t>(turn + 1)},
            .generation = 1};
}
std::string report_payload(std::size_t turn) {
    const ClientOrderIdText id = encode(id_of(turn));
    return fmt::format(
        R"({{"e":"ORDER_TRADE_UPDATE","E":{0},"T":{0},"o":{{"s":"S{1:03}USDT","c":"{2}",)"
        R"("S":"BUY","o":"LIMIT","f":"GTC","q":"0.500","p":"3310.4","ap":"3310.25","sp":"0",)"
        R"("x":"TRADE","X":"PARTIALLY_FILLED","i":{3},"l":"0.200","z":"0.300","L":"3310.40",)"
        R"("N":"USDT","n":"0.23172800","T":{0},"t":{4},"b":"0","a":"0","m":true,"R":false,)"
        R"("wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"LONG","cp":false,"rp":"-1.5"}}}})",
        first_ms + static_cast<std::int64_t>(turn), symbol_of(turn),
        std::string_view{id.data(), id.size()}, 17'338'699'853 + turn, turn + 1);
}
bool report_right(const Event& event, std::size_t, std::size_t turn) {
    const OrderUpdate& body = event.order_update;
    return event.kind == EventKind::order_update && index(event.symbol) == symbol_of(turn) &&
           body.ours && body.id == id_of(turn) && body.filled.raw == 30'000'000 &&
           body.last_price.raw == 331'040'000'000 &&
           body.trade_id == static_cast<std::int64_t>(turn + 1) &&
           body.commission.raw == 23'172'800 && body.realized.raw == -150'000'000;
}

constexpr std::array kinds = {
    Kind{"forceOrder", liquidation_payload, liquidation_right, 1},
    Kind{"bookTicker", book_payload, book_right, 1},
    Kind{"ORDER_TRADE_UPDATE", report_payload, report_right, 1},
    Kind{"markPrice array, 450 symbols", marks_payload, mark_right, configured},
};

/// The stage and the rings around it; everything the timed part touches.
struct Line {
    SymbolTable symbols = make_symbols();
    ByteRing frames{std::size_t{1} << 22};
    Ring<Event> events{1U << 13};
    aster::Codec codec{symbols};
    Nanos now{milliseconds(first_ms)};
    Parse<aster::Codec> parse{frames, events, codec, configured, TimeSource{now}};

    void carry(const std::string& payload) {
        char* room = frames.reserve(payload.size());
        check(room != nullptr, "the byte ring has room");
        std::memcpy(room, payload.data(), payload.size());
        frames.publish({now, static_cast<std::uint32_t>(payload.size()), 0, 0});
        parse.poll(now);
    }
    void compare(const Kind& kind, std::size_t turn) {
        for (std::size_t place = 0; place < kind.events; ++place) {
            const Event* event = events.front();
            check(event != nullptr, fmt::format("{}: an event is there", kind.name));
            check(kind.right(*event, place, turn), fmt::format("{}: its numbers", kind.name));
            events.pop();
        }
        check(events.front() == nullptr, fmt::format("{}: nothing else came out", kind.name));
    }
};

void measure(const Kind& kind, std::size_t turns, const Clock& clock) {
    Line line;
    Samples line_times{turns};
    Samples copy_times{turns};
    Samples dom_times{turns};
    simdjson::dom::parser dom;
    std::vector<char> room(std::size_t{1} << 20);
    std::size_t length = 0;
    const std::size_t warm = turns / 10 + 1;
    for (std::size_t turn = 0; turn < turns + warm; ++turn) {
        const std::string payload = kind.payload(turn);
        length = payload.size();
        const Nanos a = clock.now();
        std::memcpy(room.data(), payload.data(), payload.size());
        asm volatile("" : : "r"(room.data()) : "memory");
        const Nanos b = clock.now();
        simdjson::dom::element root;
        const bool parsed = dom.parse(room.data(), length, false).get(root) == simdjson::SUCCESS;
        const Nanos c = clock.now();
        line.carry(payload);
        const Nanos d = clock.now();
        check(parsed, "simdjson takes the payload");
        line.compare(kind, turn);
        if (turn < warm) continue;
        copy_times.add((b - a).count);
        dom_times.add((c - b).count);
        line_times.add((d - c).count);
    }
    const Percentiles figures = line_times.percentiles();
    const double ratio =
        static_cast<double>(figures.p50) / static_cast<double>(dom_times.percentiles().p50);
    print_row(kind.name, figures,
              fmt::format("{} bytes, {} events, {:.2f} × DOM", length, kind.events, ratio));
    print_row("  floor: copy", copy_times.percentiles());
    print_row("  floor: simdjson DOM parse only", dom_times.percentiles());
}

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    using namespace tranche::bench;
    const bool smoke = is_smoke(argc, argv);
    pin_to_core(hot_core());
    const tranche::Clock clock;
    print_head("parse: frame bytes → ByteRing → Parse → Ring<Event>", "ns a frame");
    for (const Kind& kind : kinds) {
        const std::size_t few = kind.events > 1 ? 50 : 500;
        measure(kind, smoke ? few : few * 100, clock);
    }
    return 0;
}
