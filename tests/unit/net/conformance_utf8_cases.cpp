// Section 6 of the list: which text is UTF-8, and how soon it shows that it is not.
#include "tests/unit/net/conformance_cases.hpp"
#include "tests/unit/net/loopback_server.hpp"

namespace tranche::testing {
namespace {

using Cases = std::vector<ConformanceCase>;

// The Greek word for "world order", with a character of three bytes in it.
const char* const kosme = "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5";

struct Sequence {
    std::string bytes;
    bool valid;
};

std::vector<Sequence> all(bool valid, const std::vector<std::string>& sequences) {
    std::vector<Sequence> result;
    for (const std::string& one : sequences) result.push_back({one, valid});
    return result;
}

const std::string close_1000 = server_frame(8, bytes_of({0x03, 0xE8}));

ConformanceCase valid_text(std::string number, const std::string& stream,
                           const std::string& payload) {
    return {std::move(number), stream + close_1000, {"text:" + payload}};
}

ConformanceCase invalid_text(std::string number, std::string stream) {
    return {std::move(number), std::move(stream), {}, 1007};
}

/// 6.6: only where a character ends is a prefix whole.
std::vector<Sequence> prefixes() {
    std::vector<Sequence> result;
    for (std::size_t length = 1; length <= std::string{kosme}.size(); ++length) {
        const bool whole = length == 2 || length == 5 || length == 7 || length == 9 || length == 11;
        result.push_back({std::string{kosme}.substr(0, length), whole});
    }
    return result;
}

/// 6.12 and 6.13: continuation bytes alone, first bytes alone.
std::vector<Sequence> lone_continuations() {
    std::vector<Sequence> result{{"\xBF", false}};
    result.insert(result.begin(), {"\x80", false});
    for (std::size_t length = 2; length <= 6; ++length) {
        std::string mixed;
        for (std::size_t i = 0; i < length; ++i) mixed += i % 2 == 0 ? '\x80' : '\xBF';
        result.push_back({mixed, false});
    }
    std::string every;
    for (unsigned byte = 0x80; byte < 0xBF; ++byte) every += static_cast<char>(byte);
    result.push_back({every, false});
    return result;
}

std::vector<Sequence> lone_starts() {
    std::vector<Sequence> result;
    const unsigned ranges[][2] = {
        {0xC0, 0xDF}, {0xE0, 0xEF}, {0xF0, 0xF7}, {0xF8, 0xFB}, {0xFC, 0xFD}};
    for (const auto& range : ranges) {
        std::string spaced;
        for (unsigned byte = range[0]; byte < range[1]; ++byte)
            spaced += std::string{static_cast<char>(byte)} + ' ';
        result.push_back({spaced, false});
    }
    return result;
}

const std::vector<std::string>& one_byte_short() {
    static const std::vector<std::string> sequences{
        "\xC0", "\xE0\x80", "\xF0\x80\x80", "\xF8\x80\x80\x80", "\xFC\x80\x80\x80\x80",
        "\xDF", "\xEF\xBF", "\xF7\xBF\xBF", "\xFB\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF"};
    return sequences;
}

std::string one_byte_short_joined() {
    std::string joined;
    for (const std::string& one : one_byte_short()) joined += one;
    return joined;
}

/// 6.22: code points that mean no character are UTF-8 all the same.
std::vector<Sequence> non_characters() {
    std::vector<Sequence> result = all(true, {"\xEF\xBF\xBE", "\xEF\xBF\xBF"});
    for (unsigned plane = 1; plane <= 16; ++plane)
        for (const unsigned last : {0xBEU, 0xBFU})
            result.push_back(
                {bytes_of({0xF0U | plane >> 2, 0x8FU | (plane & 3U) << 4, 0xBF, last}), true});
    return result;
}

/// 6.5 to 6.23, in the list's order.
std::vector<std::vector<Sequence>> sequence_sections() {
    return {
        all(true, {"hello$world", "hello\xC2\xA2world", "hello\xE2\x82\xACworld",
                   "hello\xF0\xA4\xAD\xA2world", kosme}),
        prefixes(),
        all(true, {std::string(1, '\0'), "\xC2\x80", "\xE0\xA0\x80", "\xF0\x90\x80\x80"}),
        all(false, {"\xF8\x88\x80\x80\x80", "\xFC\x84\x80\x80\x80\x80"}),
        all(true, {"\x7F", "\xDF\xBF", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"}),
        all(false, {"\xF7\xBF\xBF\xBF", "\xFB\xBF\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF\xBF"}),
        {{"\xED\x9F\xBF", true},
         {"\xEE\x80\x80", true},
         {"\xEF\xBF\xBD", true},
         {"\xF4\x8F\xBF\xBF", true},
         {"\xF4\x90\x80\x80", false}},
        lone_continuations(),
        lone_starts(),
        all(false, one_byte_short()),
        all(false, {one_byte_short_joined()}),
        all(false, {"\xFE", "\xFF", "\xFE\xFE\xFF\xFF"}),
        all(false, {"\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xF8\x80\x80\x80\xAF",
                    "\xFC\x80\x80\x80\x80\xAF"}),
        all(false, {"\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF8\x87\xBF\xBF\xBF",
                    "\xFC\x83\xBF\xBF\xBF\xBF"}),
        all(false, {"\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF8\x80\x80\x80\x80",
                    "\xFC\x80\x80\x80\x80\x80"}),
        all(false, {"\xED\xA0\x80", "\xED\xAD\xBF", "\xED\xAE\x80", "\xED\xAF\xBF", "\xED\xB0\x80",
                    "\xED\xBE\x80", "\xED\xBF\xBF"}),
        all(false,
            {"\xED\xA0\x80\xED\xB0\x80", "\xED\xA0\x80\xED\xBF\xBF", "\xED\xAD\xBF\xED\xB0\x80",
             "\xED\xAD\xBF\xED\xBF\xBF", "\xED\xAE\x80\xED\xB0\x80", "\xED\xAE\x80\xED\xBF\xBF",
             "\xED\xAF\xBF\xED\xB0\x80", "\xED\xAF\xBF\xED\xBF\xBF"}),
        non_characters(),
        all(true, {"\xEF\xBF\xB9", "\xEF\xBF\xBA", "\xEF\xBF\xBB", "\xEF\xBF\xBC", "\xEF\xBF\xBD",
                   "\xEF\xBF\xBE", "\xEF\xBF\xBF"}),
    };
}

/// 6.1 and 6.2: empty fragments; cuts between characters and within them.
void add_valid(Cases& cases) {
    const std::string part = "in the middle";
    const std::string mixed = "Hello-\xC2\xB5@\xC3\x9F\xC3\xB6\xC3\xA4\xC3\xBC\xC3\xA0\xC3\xA1-end";
    cases.push_back(valid_text("6.1.1", server_frame(1, ""), ""));
    cases.push_back(valid_text(
        "6.1.2", server_frame(1, "", false) + server_frame(0, "", false) + server_frame(0, ""),
        ""));
    cases.push_back(valid_text(
        "6.1.3", server_frame(1, "", false) + server_frame(0, part, false) + server_frame(0, ""),
        part));
    const std::size_t character_end = mixed.find("\xC3\xB6");
    cases.push_back(valid_text("6.2.1", server_frame(1, mixed), mixed));
    cases.push_back(valid_text("6.2.2",
                               server_frame(1, mixed.substr(0, character_end), false) +
                                   server_frame(0, mixed.substr(character_end)),
                               mixed));
    cases.push_back(valid_text("6.2.3", fragmented(1, mixed, 1), mixed));
    cases.push_back(valid_text("6.2.4", fragmented(1, kosme, 1), kosme));
}

/// 6.3 and 6.4: not UTF-8, and told at the first byte that makes it so.
void add_invalid(Cases& cases) {
    const std::string start = kosme;
    const std::string end = "edited";
    const std::string surrogate = start + "\xED\xA0\x80" + end;
    cases.push_back(invalid_text("6.3.1", server_frame(1, surrogate)));
    cases.push_back(invalid_text("6.3.2", fragmented(1, surrogate, 1)));
    // U+110000: the second of its bytes is the one that cannot be.
    const std::string beyond = "\xF4\x90\x80\x80";
    cases.push_back(invalid_text(
        "6.4.1",
        server_frame(1, start, false) + server_frame(0, beyond, false) + server_frame(0, end)));
    cases.back().ends_at = 2 + start.size() + 2 + 2;
    cases.push_back(invalid_text("6.4.2", server_frame(1, start + beyond.substr(0, 2), false) +
                                              server_frame(0, beyond.substr(2) + end, false) +
                                              server_frame(0, "")));
    cases.back().ends_at = 2 + start.size() + 2;
    for (const char* number : {"6.4.3", "6.4.4"}) {
        cases.push_back(invalid_text(number, server_frame(1, start + beyond + end)));
        cases.back().ends_at = 2 + start.size() + 2;
    }
}

}  // namespace

Cases utf8_cases() {
    Cases cases;
    add_valid(cases);
    add_invalid(cases);
    std::size_t section = 5;
    for (const std::vector<Sequence>& sequences : sequence_sections()) {
        for (std::size_t i = 0; i < sequences.size(); ++i) {
            const std::string number = "6." + std::to_string(section) + "." + std::to_string(i + 1);
            const auto& [bytes, valid] = sequences[i];
            const std::string stream = server_frame(1, bytes);
            cases.push_back(valid ? valid_text(number, stream, bytes)
                                  : invalid_text(number, stream));
        }
        ++section;
    }
    return cases;
}

}  // namespace tranche::testing
