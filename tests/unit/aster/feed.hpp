// A feed for tests: text in as frames, events out, through the real stage.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_ring.hpp"
#include "core/messages.hpp"
#include "core/symbols.hpp"
#include "net/aster/codec.hpp"
#include "net/parse.hpp"

namespace tranche::support {

inline SymbolTable table_of(const std::vector<std::string>& names, std::size_t configured) {
    std::vector<SymbolRules> rules;
    for (const std::string& name : names) {
        SymbolRules rule;
        rule.name = name;
        rule.trading = true;
        rules.push_back(rule);
    }
    return SymbolTable{std::move(rules), configured};
}

/// Frames of `text` go in, events come out; one symbol table, one codec.
class Feed {
public:
    Feed(const std::vector<std::string>& names, std::size_t configured, std::size_t room = 1024)
        : symbols{table_of(names, configured)},
          events{room},
          codec{symbols},
          configured_{configured} {
        forget();
    }

    /// Copies of what was seen are news again.
    void forget() { parse.emplace(frames, events, codec, configured_, TimeSource{now}); }

    void push(std::string_view text, Nanos arrival = nanoseconds(1'000)) {
        char* place = frames.reserve(text.size());
        ASSERT_NE(place, nullptr);
        std::memcpy(place, text.data(), text.size());
        const auto length = static_cast<std::uint32_t>(text.size());
        frames.publish(FrameHead{arrival, length, 0, 0});
    }
    /// Pushes, polls once and takes all events out.
    std::vector<Event> decode(std::string_view text) {
        push(text);
        parse->poll(now);
        return drain();
    }
    std::vector<Event> drain() {
        std::vector<Event> taken;
        for (; const Event* event = events.front(); events.pop()) taken.push_back(*event);
        return taken;
    }
    std::uint64_t malformed() const { return codec.counters().malformed(); }

    Nanos now{nanoseconds(5'000)};
    SymbolTable symbols;
    ByteRing frames{std::size_t{1} << 22};
    Ring<Event> events;
    aster::Codec codec;
    std::optional<Parse<aster::Codec>> parse;

private:
    std::size_t configured_;
};

}  // namespace tranche::support
