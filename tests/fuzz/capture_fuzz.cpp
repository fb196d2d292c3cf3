// Captures of any content: decoding ends, and how the bytes were cut into reads makes no
// difference.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/capture/decoder.hpp"

namespace {

using namespace tranche;
using namespace tranche::capture;

class Told final : public ConversationSink {
public:
    void on_websocket(const WebSocketNote& note) override { add(note.payload.size()); }
    void on_http(StreamNumber stream, const HttpNote& note) override {
        add(stream + note.body.size());
    }
    void on_lost(StreamNumber stream, bool, Nanos) override { add(stream); }

    std::uint64_t sum{};

private:
    void add(std::uint64_t value) { sum = (sum ^ (value + 1)) * 0x100000001b3U; }
};

/// Gives a byte at a time.
class Dripping final : public Source {
public:
    explicit Dripping(Bytes bytes) : bytes_{bytes} {}
    std::ptrdiff_t read(std::span<char> room) override {
        if (bytes_.empty() || room.empty()) return 0;
        room[0] = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return 1;
    }

private:
    Bytes bytes_;
};

std::uint64_t decode(std::unique_ptr<Input> input, bool& readable) {
    KeyLog keys;
    Told told;
    Decoder decoder{keys, told};
    auto reader = CaptureReader::read(std::move(input), "fuzz");
    readable = reader.ok();
    if (!reader) return 0;
    decoder.read(reader.value());
    decoder.finish();
    if (decoder.flows().waiting_bytes() != 0) std::abort();
    return told.sum ^ decoder.counts().packets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes{reinterpret_cast<const char*>(data), size};
    bool at_once = false;
    const std::uint64_t first = decode(Input::over(bytes), at_once);
    const bool packed = size >= 4 && (big16(bytes, 0) == 0x1F8B || big32(bytes, 0) == 0x28B52FFD);
    if (packed) return 0;
    bool slowly = false;
    const std::uint64_t second =
        decode(std::make_unique<Input>(std::make_unique<Dripping>(bytes)), slowly);
    if (at_once != slowly || first != second) std::abort();
    return 0;
}
