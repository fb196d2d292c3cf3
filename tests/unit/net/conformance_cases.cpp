#include "tests/unit/net/conformance_cases.hpp"

#include <algorithm>

#include "tests/unit/net/loopback_server.hpp"

namespace tranche::testing {
namespace {

using Cases = std::vector<ConformanceCase>;
using Events = std::vector<std::string>;

constexpr unsigned continuation = 0;
constexpr unsigned text = 1;
constexpr unsigned binary = 2;
constexpr unsigned closing = 8;
constexpr unsigned ping = 9;
constexpr unsigned pong = 10;
constexpr unsigned protocol_error = 1002;

std::string close_frame(unsigned code, const std::string& reason = {}) {
    return server_frame(closing, bytes_of({code >> 8, code & 0xFFU}) + reason);
}

std::string with_reserved_bits(unsigned bits, unsigned opcode, const std::string& payload) {
    return server_frame(bits << 4 | opcode, payload);
}

/// The server closes at the end, and that is answered in kind.
ConformanceCase fine(std::string number, const std::string& stream, Events events) {
    return {std::move(number), stream + close_frame(1000), std::move(events)};
}

ConformanceCase refused(std::string number, std::string stream, Events events,
                        unsigned code = protocol_error) {
    return {std::move(number), std::move(stream), std::move(events), code};
}

std::string numbered(const std::string& section, std::size_t last) {
    return section + "." + std::to_string(last);
}

}  // namespace

std::string bytes_of(const std::vector<unsigned>& bytes) {
    std::string result;
    for (const unsigned byte : bytes) result += static_cast<char>(byte);
    return result;
}

std::string fragmented(unsigned opcode, const std::string& payload, std::size_t size) {
    std::string stream;
    for (std::size_t at = 0; at < payload.size(); at += size)
        stream += server_frame(at == 0 ? opcode : continuation, payload.substr(at, size),
                               at + size >= payload.size());
    return stream;
}

Cases framing_cases() {
    Cases cases;
    const std::size_t lengths[] = {0, 125, 126, 127, 128, 65'535, 65'536, 65'536};
    for (const bool as_text : {true, false}) {
        for (std::size_t i = 0; i < std::size(lengths); ++i) {
            const std::string payload(lengths[i], as_text ? '*' : '\xFE');
            cases.push_back(fine(numbered(as_text ? "1.1" : "1.2", i + 1),
                                 server_frame(as_text ? text : binary, payload),
                                 {(as_text ? "text:" : "binary:") + payload}));
        }
        cases.back().chop = 997;
    }
    return cases;
}

Cases ping_cases() {
    const std::string odd = bytes_of({0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF});
    const std::string longest(125, '\xFE');
    std::string ten;
    Events answers;
    for (int i = 0; i < 10; ++i) {
        ten += server_frame(ping, "number " + std::to_string(i));
        answers.push_back("pong:number " + std::to_string(i));
    }
    return {
        fine("2.1", server_frame(ping, ""), {"pong:"}),
        fine("2.2", server_frame(ping, "are you there"), {"pong:are you there"}),
        fine("2.3", server_frame(ping, odd), {"pong:" + odd}),
        fine("2.4", server_frame(ping, longest), {"pong:" + longest}),
        refused("2.5", server_frame(ping, longest + "\xFE"), {}),
        fine("2.6", server_frame(ping, longest), {"pong:" + longest}),
        fine("2.7", server_frame(pong, ""), {}),
        fine("2.8", server_frame(pong, "nobody asked"), {}),
        fine("2.9", server_frame(pong, "nobody asked") + server_frame(ping, "I do"), {"pong:I do"}),
        fine("2.10", ten, answers),
        fine("2.11", ten, answers),
    };
}

Cases reserved_bit_cases() {
    const std::string good = server_frame(text, "as agreed");
    const std::string later = server_frame(ping, "");
    // "Hello" as RFC 7692 (7.2.3.1) compresses it.
    const std::string deflated = bytes_of({0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00});
    const auto after_good = [&](const char* number, unsigned bits) {
        return refused(number, good + with_reserved_bits(bits, text, "as agreed") + later,
                       {"text:as agreed"});
    };
    return {
        refused("3.1", with_reserved_bits(1, text, "not agreed"), {}),
        after_good("3.2", 2),
        after_good("3.3", 3),
        after_good("3.4", 4),
        refused("3.5", with_reserved_bits(5, binary, std::string(8, '\xFF')), {}),
        refused("3.6", with_reserved_bits(6, ping, "not agreed"), {}),
        refused("3.7", with_reserved_bits(7, closing, bytes_of({0x03, 0xE8})), {}),
        refused("12 and 13", good + with_reserved_bits(4, text, deflated) + later,
                {"text:as agreed"}),
    };
}

Cases opcode_cases() {
    Cases cases;
    const std::string good = server_frame(text, "known");
    const std::string later = server_frame(ping, "");
    for (const unsigned first : {3U, 11U}) {
        const std::string section = first == 3 ? "4.1" : "4.2";
        for (unsigned i = 0; i < 5; ++i) {
            const std::string strange = server_frame(first + i, i % 2 == 1 ? "unknown" : "");
            if (i < 2)
                cases.push_back(refused(numbered(section, i + 1), strange, {}));
            else
                cases.push_back(
                    refused(numbered(section, i + 1), good + strange + later, {"text:known"}));
        }
    }
    return cases;
}

namespace {

/// A continuation where nothing has begun, between messages.
Cases stray_continuation_cases() {
    Cases cases;
    const std::string two = fragmented(text, "onetwo", 3);
    for (unsigned i = 0; i < 6; ++i)  // 5.9 to 5.14; three ways to cut each, which our runs add
        cases.push_back(refused(
            numbered("5", 9 + i),
            server_frame(continuation, "of nothing", i < 3) + server_frame(text, "never"), {}));
    cases.push_back(refused(
        "5.15", two + server_frame(continuation, "late", false) + server_frame(text, "never"),
        {"text:onetwo"}));
    for (const bool final : {false, true}) {
        const std::string round = server_frame(continuation, "of nothing", final) + two;
        cases.push_back(refused(final ? "5.17" : "5.16", round + round, {}));
    }
    return cases;
}

}  // namespace

Cases fragmentation_cases() {
    const std::string two = fragmented(text, "onetwo", 3);
    const std::string interrupted = server_frame(text, "one", false) +
                                    server_frame(ping, "meanwhile") +
                                    server_frame(continuation, "two");
    const Events answered{"pong:meanwhile", "text:onetwo"};
    const std::string five = server_frame(text, "a", false) +
                             server_frame(continuation, "b", false) + server_frame(ping, "first") +
                             server_frame(continuation, "c", false) +
                             server_frame(continuation, "d", false) + server_frame(ping, "second") +
                             server_frame(continuation, "e");
    const Events both{"pong:first", "pong:second", "text:abcde"};
    const auto in_two = [](unsigned opcode) {
        return server_frame(opcode, "one", false) + server_frame(continuation, "two");
    };
    Cases cases{
        refused("5.1", in_two(ping), {}),   refused("5.2", in_two(pong), {}),
        fine("5.3", two, {"text:onetwo"}),  fine("5.4", two, {"text:onetwo"}),
        fine("5.5", two, {"text:onetwo"}),  fine("5.6", interrupted, answered),
        fine("5.7", interrupted, answered), fine("5.8", interrupted, answered),
    };
    for (ConformanceCase& one : stray_continuation_cases()) cases.push_back(std::move(one));
    cases.push_back(
        refused("5.18", server_frame(text, "one", false) + server_frame(text, "two"), {}));
    cases.push_back(fine("5.19", five, both));
    cases.push_back(fine("5.20", five, both));
    return cases;
}

Cases close_cases() {
    const std::string hello = server_frame(text, "hello");
    const std::string large(256 * 1024, 'L');
    const std::string bad_reason = "\xCE\xBA\xED\xA0\x80" + std::string{"end"};
    const auto closed = [](const char* number, std::string stream, unsigned code,
                           Events events = {}) {
        return ConformanceCase{number, std::move(stream), std::move(events), code};
    };
    Cases cases{
        fine("7.1.1", hello, {"text:hello"}),
        closed("7.1.2", close_frame(1000) + server_frame(closing, ""), 1000),
        closed("7.1.3", close_frame(1000) + server_frame(ping, ""), 1000),
        closed("7.1.4", close_frame(1000) + hello, 1000),
        closed("7.1.5",
               server_frame(text, "one", false) + close_frame(1000) +
                   server_frame(continuation, "two"),
               1000),
        closed("7.1.6",
               server_frame(text, large) + hello + close_frame(1000) + server_frame(ping, ""), 1000,
               {"text:" + large, "text:hello"}),
        closed("7.3.1", server_frame(closing, ""), 1005),
        closed("7.3.2", server_frame(closing, "\x03"), protocol_error),
        closed("7.3.3", close_frame(1000), 1000),
        closed("7.3.4", close_frame(1000, "that is all"), 1000),
        closed("7.3.5", close_frame(1000, std::string(123, 'r')), 1000),
        closed("7.3.6", close_frame(1000, std::string(124, 'r')), protocol_error),
        // The list leaves the choice between 1002 and 1007.
        closed("7.5.1", close_frame(1000, bad_reason), 1007),
    };
    const unsigned good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009,
                             1010, 1011, 3000, 3999, 4000, 4999};
    for (std::size_t i = 0; i < std::size(good); ++i)
        cases.push_back({numbered("7.7", i + 1), close_frame(good[i]), {}, good[i]});
    const unsigned bad[] = {0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999};
    for (std::size_t i = 0; i < std::size(bad); ++i)
        cases.push_back({numbered("7.9", i + 1), close_frame(bad[i]), {}, protocol_error});
    // The list only reports these two: RFC 6455 keeps such codes for nobody. We refuse them.
    cases.push_back({"7.13.1", close_frame(5000), {}, protocol_error});
    cases.push_back({"7.13.2", close_frame(65'535), {}, protocol_error});
    return cases;
}

namespace {

constexpr std::size_t kibi = 1024;
constexpr std::size_t mebi = kibi * kibi;

/// 9.1, 9.3, 9.5, 9.7 as text; 9.2, 9.4, 9.6, 9.8 as binary.
Cases limit_cases_of(bool as_text) {
    Cases cases;
    const unsigned opcode = as_text ? text : binary;
    const std::string kind = as_text ? "text:" : "binary:";
    const auto section = [as_text](unsigned odd) {
        return "9." + std::to_string(as_text ? odd : odd + 1);
    };
    const auto filled = [as_text](std::size_t length) {
        return std::string(length, as_text ? '*' : '\xFE');
    };
    const auto add = [&cases, &kind](std::string number, const std::string& stream,
                                     const std::string& payload) -> ConformanceCase& {
        return cases.emplace_back(fine(std::move(number), stream, {kind + payload}));
    };
    const std::size_t sizes[] = {64 * kibi, 256 * kibi, mebi, 4 * mebi, 8 * mebi, 16 * mebi};
    for (std::size_t i = 0; i < std::size(sizes); ++i)
        add(numbered(section(1), i + 1), server_frame(opcode, filled(sizes[i])), filled(sizes[i]));
    std::size_t pieces = 64;
    for (std::size_t i = 0; i < 9; ++i, pieces *= 4)
        add(numbered(section(3), i + 1), fragmented(opcode, filled(4 * mebi), pieces),
            filled(4 * mebi));
    std::size_t chop = 64;
    for (std::size_t i = 0; i < 6; ++i, chop *= 2)
        add(numbered(section(5), i + 1), server_frame(opcode, filled(mebi)), filled(mebi)).chop =
            chop;
    const std::size_t lengths[] = {0, 16, 64, 256, 1024, 4096};
    for (std::size_t i = 0; i < std::size(lengths); ++i) {
        std::string stream;
        for (int k = 0; k < 1000; ++k) stream += server_frame(opcode, filled(lengths[i]));
        cases.push_back(
            fine(numbered(section(7), i + 1), stream, Events(1000, kind + filled(lengths[i]))));
    }
    return cases;
}

}  // namespace

Cases limit_cases() {
    Cases cases = limit_cases_of(true);
    for (ConformanceCase& one : limit_cases_of(false)) cases.push_back(std::move(one));
    return cases;
}

Cases auto_fragment_cases() {
    const std::string payload(64 * kibi, '*');
    return {fine("10.1.1", fragmented(text, payload, 1300), {"text:" + payload})};
}

}  // namespace tranche::testing
