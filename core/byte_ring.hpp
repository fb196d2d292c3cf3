// SPSC ring of byte frames of any length: receive → parse.
//
// A frame lies in one piece (a frame that would wrap starts again at offset 0) and is followed by
// at least `simdjson_padding` readable bytes, so that the parser may over-read without a copy.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "core/clock.hpp"
#include "core/require.hpp"
#include "core/ring.hpp"

namespace tranche {

/// simdjson 3 reads up to this many bytes beyond the document (SIMDJSON_PADDING).
inline constexpr std::size_t simdjson_padding = 64;

/// What receive knows about a frame. Lies in front of its bytes.
struct FrameHead {
    Nanos arrival_time;          // UTC, when the last byte was read
    std::uint32_t length{};      // bytes of the message
    std::uint16_t connection{};  // which connection brought it, an index of the receive stage
    std::uint16_t kind{};        // what the connection is for: StreamKind
};
static_assert(sizeof(FrameHead) == 16);

/// A frame as the consumer sees it; `bytes` stay valid until `pop()`.
struct Frame {
    FrameHead head;
    std::span<const char> bytes;
};

/// One producer, one consumer. A frame is written in place: `reserve` room, fill it, `publish`.
class ByteRing {
public:
    /// `capacity` bytes, a power of two; a frame may take at most a quarter of it.
    explicit ByteRing(std::size_t capacity)
        : capacity_{capacity}, bytes_{new char[capacity + simdjson_padding]{}} {
        require(capacity >= 4096 && (capacity & (capacity - 1)) == 0,
                "a byte ring's capacity is a power of two");
    }

    ByteRing(const ByteRing&) = delete;
    ByteRing& operator=(const ByteRing&) = delete;

    /// Longest frame that can ever be published.
    std::size_t longest() const { return capacity_ / 4 - overhead; }

    /// Producer: room for a frame of up to `length` bytes in one piece, or null while there is
    /// none. Nothing is seen by the consumer before `publish`.
    char* reserve(std::size_t length) {
        require(length <= longest(), "a frame fits its ring");
        const std::size_t need = aligned(length);
        const std::size_t offset = producer_.next & (capacity_ - 1);
        const std::size_t skip = offset + need > capacity_ ? capacity_ - offset : 0;
        if (!has_room(skip + need)) {
            producer_.read_seen = read_.load(std::memory_order_acquire);  // pairs with pop()
            if (!has_room(skip + need)) return nullptr;
        }
        if (skip != 0) {
            const FrameHead wrap{{}, wrap_mark, 0, 0};
            std::memcpy(&bytes_[offset], &wrap, sizeof wrap);
            producer_.next += skip;
        }
        return &bytes_[(producer_.next & (capacity_ - 1)) + sizeof(FrameHead)];
    }

    /// Producer: hands over the frame written at the last `reserve`; `head.length` bytes of it.
    void publish(const FrameHead& head) {
        std::memcpy(&bytes_[producer_.next & (capacity_ - 1)], &head, sizeof head);
        producer_.next += aligned(head.length);
        written_.store(producer_.next, std::memory_order_release);  // pairs with front()
    }

    /// Consumer: the oldest frame; false while there is none.
    bool front(Frame& frame) {
        while (true) {
            if (consumer_.next == consumer_.written_seen) {
                consumer_.written_seen = written_.load(std::memory_order_acquire);  // see publish()
                if (consumer_.next == consumer_.written_seen) return false;
            }
            const std::size_t offset = consumer_.next & (capacity_ - 1);
            std::memcpy(&frame.head, &bytes_[offset], sizeof(FrameHead));
            if (frame.head.length != wrap_mark) {
                frame.bytes = {&bytes_[offset + sizeof(FrameHead)], frame.head.length};
                return true;
            }
            consumer_.next += capacity_ - offset;
        }
    }

    /// Consumer: gives the frame last seen by `front` back.
    void pop() {
        const std::size_t offset = consumer_.next & (capacity_ - 1);
        FrameHead head;
        std::memcpy(&head, &bytes_[offset], sizeof head);
        consumer_.next += aligned(head.length);
        read_.store(consumer_.next, std::memory_order_release);  // pairs with reserve()
    }

    /// Any thread: bytes in use, for metrics.
    std::size_t size() const {
        const std::size_t read = read_.load(std::memory_order_acquire);
        return written_.load(std::memory_order_acquire) - read;
    }
    std::size_t capacity() const { return capacity_; }

private:
    static constexpr std::uint32_t wrap_mark = UINT32_MAX;
    static constexpr std::size_t overhead = sizeof(FrameHead) + simdjson_padding + 16;

    static std::size_t aligned(std::size_t length) {
        return (sizeof(FrameHead) + length + simdjson_padding + 15) & ~std::size_t{15};
    }
    bool has_room(std::size_t need) const {
        return producer_.next + need - producer_.read_seen <= capacity_;
    }

    std::size_t capacity_;
    std::unique_ptr<char[]> bytes_;
    alignas(cache_line) std::atomic<std::size_t> written_{};
    alignas(cache_line) std::atomic<std::size_t> read_{};
    struct alignas(cache_line) Producer {
        std::size_t next{};
        std::size_t read_seen{};
    } producer_;
    struct alignas(cache_line) Consumer {
        std::size_t next{};
        std::size_t written_seen{};
    } consumer_;
};

}  // namespace tranche
