// WebSocket frames of one direction as somebody sees them who only listens: masked or not,
// compressed or not, with holes. Found again after a hole where a frame can be proved.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/clock.hpp"
#include "net/capture/inflater.hpp"
#include "net/websocket.hpp"

namespace tranche::capture {

/// Who takes the messages.
class FrameSink {
public:
    FrameSink() = default;
    FrameSink(const FrameSink&) = delete;
    FrameSink& operator=(const FrameSink&) = delete;
    virtual ~FrameSink() = default;
    /// A whole message, text or binary; a control frame with its own opcode.
    virtual void on_message(WebSocketOpcode opcode, Bytes payload, Nanos time) = 0;
    /// At least one message is missing here.
    virtual void on_lost_message(Nanos time) = 0;
};

/// What is known about the frames of a direction. The mask helps to find one after a loss; one
/// whose place is known is taken as it is, also from a program that does not mask as it should.
struct FrameTerms {
    enum class Mask : std::uint8_t { never, always, either };
    Mask mask{};
    bool deflate{};
    bool takeover{};
};

class FrameReader {
public:
    /// Longest message, unpacked; what is longer is lost.
    static constexpr std::size_t message_limit = std::size_t{16} << 20;

    FrameReader(FrameTerms terms, FrameSink& sink);

    void data(Bytes bytes, Nanos time);
    /// `length` bytes are missing; 0: nobody knows how many.
    void gap(std::uint64_t length, Nanos time);
    /// The bytes to come may begin anywhere.
    void begin_anywhere();

    std::uint64_t frames() const { return frames_; }
    bool lost() const { return lost_; }
    /// Bytes looked through since frames were found last; 0 while they are.
    std::uint64_t searched() const { return searched_; }
    /// What the mask bit of the frames says, once one was seen.
    bool saw_mask() const { return head_.masked; }

private:
    struct Head {
        std::uint64_t length{};
        std::uint8_t size{};  // of the head itself; 0: not all there
        bool valid{true};
        bool final{};
        bool compressed{};
        bool masked{};
        WebSocketOpcode opcode{};
        std::array<char, 4> mask{};
    };
    Head read_head(Bytes bytes) const;
    Bytes begin_frame(Bytes bytes, Nanos time);
    Bytes take_payload(Bytes bytes, Nanos time);
    void add_payload(Bytes bytes);
    void end_frame(Nanos time);
    void deliver(Bytes payload, Nanos time);
    void lose(Nanos time);
    void drop_message(Nanos time);
    void find_frame(Nanos time);
    enum class Proof : std::uint8_t { none, pending, given };
    Proof prove(Bytes bytes) const;
    bool is_json(const Head& head, Bytes payload) const;

    FrameTerms terms_;
    FrameSink& sink_;
    std::unique_ptr<Inflater> inflater_;
    std::array<char, 14> begun_{};  // a head that is not all there
    std::size_t begun_size_{};
    Head head_;  // of the frame being read
    std::uint64_t left_{};
    bool in_frame_{};
    bool in_message_{};  // a data message has begun and is not over
    bool spoilt_{};      // it has a hole, or is too long
    bool spoilt_control_{};
    bool compressed_{};
    WebSocketOpcode opcode_{};
    std::vector<char> message_;
    std::vector<char> control_;
    std::uint64_t frames_{};
    bool lost_{};
    std::uint64_t searched_{};
    std::vector<char> window_;  // while lost: what may hold the next frame
    std::size_t looked_{};      // in the window: before this no frame begins but the candidates
    std::vector<std::size_t> candidates_;
};

}  // namespace tranche::capture
