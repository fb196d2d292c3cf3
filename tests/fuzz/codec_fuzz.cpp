// Any frame is decoded, ignored or refused; what comes out is sound enough for the engine.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/require.hpp"
#include "net/aster/codec.hpp"
#include "net/event_sink.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tranche;
    static const SymbolTable symbols = [] {
        SymbolRules rules{};
        rules.name = "BTCUSDT";
        return SymbolTable{{rules}, 1};
    }();
    static aster::Codec codec{symbols, 65536};
    if (size > 65536) return 0;
    std::vector<char> bytes(size + simdjson_padding);
    std::memcpy(bytes.data(), data, size);
    Ring<Event> ring{256};
    EventSink sink{ring, 1};
    Frame frame{};
    frame.head.length = static_cast<std::uint32_t>(size);
    frame.bytes = {bytes.data(), size};
    (void)codec.decode(frame, sink);
    while (const Event* event = ring.front()) {
        if (event->kind == EventKind::book_ticker)
            require(event->book_ticker.bid.raw >= 0, "a bid is not negative");
        ring.pop();
    }
    return 0;
}
