#include "net/capture/frames.hpp"

#include <algorithm>

namespace tranche::capture {
namespace {

constexpr std::uint64_t longest_found = std::uint64_t{128} << 10;  // of a frame found after a loss
constexpr std::size_t candidates_limit = 256;
constexpr int chain_that_proves = 3;

bool is_control(WebSocketOpcode opcode) {
    return (static_cast<unsigned>(opcode) & 0x8U) != 0;
}

bool is_known(unsigned opcode) {
    return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA);
}

}  // namespace

FrameReader::FrameReader(FrameTerms terms, FrameSink& sink) : terms_{terms}, sink_{sink} {
    if (terms.deflate) inflater_ = std::make_unique<Inflater>(terms.takeover, message_limit);
}

FrameReader::Head FrameReader::read_head(Bytes bytes) const {
    Head head;
    if (bytes.size() < 2) return head;
    const unsigned first = byte_at(bytes, 0);
    const unsigned second = byte_at(bytes, 1);
    head.final = (first & 0x80U) != 0;
    head.compressed = (first & 0x40U) != 0;
    head.opcode = static_cast<WebSocketOpcode>(first & 0x0FU);
    head.masked = (second & 0x80U) != 0;
    const unsigned length = second & 0x7FU;
    const bool control = is_control(head.opcode);
    const bool may_pack =
        terms_.deflate && !control && head.opcode != WebSocketOpcode::continuation;
    head.valid = (first & 0x30U) == 0 && is_known(first & 0x0FU) &&
                 (!head.compressed || may_pack) && (!control || (head.final && length <= 125));
    const std::size_t extra = length == 127 ? 8 : length == 126 ? 2 : 0;
    const std::size_t size = 2 + extra + (head.masked ? 4 : 0);
    if (!head.valid || bytes.size() < size) return head;
    head.length = extra == 8 ? big64(bytes, 2) : extra == 2 ? big16(bytes, 2) : length;
    const std::uint64_t shortest = extra == 8 ? 0x10000 : extra == 2 ? 126 : 0;
    head.valid = head.length >= shortest && (head.length >> 63U) == 0;
    if (head.masked)
        std::copy_n(bytes.begin() + 2 + static_cast<std::ptrdiff_t>(extra), 4, head.mask.begin());
    head.size = static_cast<std::uint8_t>(size);
    return head;
}

void FrameReader::data(Bytes bytes, Nanos time) {
    while (!bytes.empty()) {
        if (lost_) {
            window_.insert(window_.end(), bytes.begin(), bytes.end());
            searched_ += bytes.size();
            return find_frame(time);
        }
        bytes = in_frame_ ? take_payload(bytes, time) : begin_frame(bytes, time);
    }
}

/// Reads a head; returns what is left. A frame without payload is over at once.
Bytes FrameReader::begin_frame(Bytes bytes, Nanos time) {
    const std::size_t before = begun_size_;
    Bytes seen = bytes;
    if (before > 0) {
        const std::size_t length = std::min(begun_.size() - before, bytes.size());
        std::copy_n(bytes.begin(), length, begun_.begin() + static_cast<std::ptrdiff_t>(before));
        seen = Bytes{begun_}.first(before + length);
    }
    const Head head = read_head(seen);
    const bool stray = head.opcode == WebSocketOpcode::continuation && !in_message_;
    const bool inside =
        !is_control(head.opcode) && head.opcode != WebSocketOpcode::continuation && in_message_;
    if (seen.size() >= 2 && (!head.valid || stray || inside)) {
        lose(time);
        window_.assign(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(before));
        // One byte further: what stood here was no frame.
        looked_ = 1;
        return bytes;
    }
    if (head.size == 0) {
        std::copy(seen.begin(), seen.end(), begun_.begin());
        begun_size_ = seen.size();
        return {};
    }
    begun_size_ = 0;
    head_ = head;
    left_ = head.length;
    in_frame_ = true;
    spoilt_control_ = false;
    control_.clear();
    if (!is_control(head.opcode) && !in_message_) {
        in_message_ = true;
        spoilt_ = false;
        compressed_ = head.compressed;
        opcode_ = head.opcode;
        message_.clear();
    }
    if (left_ == 0) end_frame(time);
    return bytes.subspan(head.size - before);
}

Bytes FrameReader::take_payload(Bytes bytes, Nanos time) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    const bool whole = length == head_.length && head_.final && !head_.masked && !spoilt_ &&
                       message_.empty() && !is_control(head_.opcode);
    if (whole) {  // most frames: nothing is copied
        left_ = 0;
        in_frame_ = in_message_ = false;
        ++frames_;
        deliver(bytes.first(length), time);
        return bytes.subspan(length);
    }
    add_payload(bytes.first(length));
    left_ -= length;
    if (left_ == 0) end_frame(time);
    return bytes.subspan(length);
}

void FrameReader::add_payload(Bytes bytes) {
    const bool control = is_control(head_.opcode);
    std::vector<char>& into = control ? control_ : message_;
    if (!control && !spoilt_ && message_.size() + bytes.size() > message_limit) {
        spoilt_ = true;
        message_ = {};
    }
    if (control ? spoilt_control_ : spoilt_) return;
    const std::size_t at = into.size();
    into.insert(into.end(), bytes.begin(), bytes.end());
    if (!head_.masked) return;
    const auto done = static_cast<std::size_t>(head_.length - left_);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        into[at + i] = static_cast<char>(into[at + i] ^ head_.mask[(done + i) % 4]);
}

void FrameReader::end_frame(Nanos time) {
    in_frame_ = false;
    ++frames_;
    if (is_control(head_.opcode)) {
        if (!spoilt_control_) sink_.on_message(head_.opcode, control_, time);
        return;
    }
    if (!head_.final) return;
    in_message_ = false;
    if (spoilt_) return drop_message(time);
    deliver(message_, time);
    message_.clear();
}

void FrameReader::deliver(Bytes payload, Nanos time) {
    if (!compressed_) return sink_.on_message(opcode_, payload, time);
    if (const auto unpacked = inflater_->message(payload))
        sink_.on_message(opcode_, *unpacked, time);
    else
        sink_.on_lost_message(time);
}

void FrameReader::drop_message(Nanos time) {
    in_message_ = spoilt_ = false;
    message_.clear();
    if (inflater_) inflater_->reset();
    sink_.on_lost_message(time);
}

void FrameReader::lose(Nanos time) {
    drop_message(time);
    in_frame_ = false;
    begun_size_ = 0;
    begin_anywhere();
}

void FrameReader::begin_anywhere() {
    lost_ = true;
    searched_ = 0;
    window_.clear();
    candidates_.clear();
    looked_ = 0;
}

void FrameReader::gap(std::uint64_t length, Nanos time) {
    if (!lost_ && in_frame_ && length > 0 && length <= left_) {
        // The hole ends inside a frame, or with it: the next one's place is known.
        left_ -= length;
        (is_control(head_.opcode) ? spoilt_control_ : spoilt_) = true;
        if (left_ == 0) end_frame(time);
        return;
    }
    lose(time);
}

/// A frame that stands for itself: a text that is JSON from its first byte to its last.
bool FrameReader::is_json(const Head& head, Bytes payload) const {
    if (head.opcode != WebSocketOpcode::text || !head.final || head.compressed ||
        payload.size() < 2)
        return false;
    std::vector<char> clear;
    if (head.masked) {
        clear.assign(payload.begin(), payload.end());
        for (std::size_t i = 0; i < clear.size(); ++i)
            clear[i] = static_cast<char>(clear[i] ^ head.mask[i % 4]);
        payload = clear;
    }
    const char first = payload.front();
    const char last = payload.back();
    if (!(first == '{' && last == '}') && !(first == '[' && last == ']')) return false;
    const auto is_control_character = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
    };
    if (std::any_of(payload.begin(), payload.end(), is_control_character)) return false;
    Utf8Check check;
    return check.add(payload) && check.complete();
}

/// Whether a frame begins with `bytes`: it is JSON and nothing impossible follows, or a chain of
/// frames hangs on it. Where nothing is known about the direction only the first counts.
FrameReader::Proof FrameReader::prove(Bytes bytes) const {
    for (int links = 0; links < chain_that_proves; ++links) {
        const Head head = read_head(bytes);
        if (!head.valid || head.length > longest_found) return Proof::none;
        if (bytes.size() >= 2 && terms_.mask != FrameTerms::Mask::either &&
            head.masked != (terms_.mask == FrameTerms::Mask::always))
            return Proof::none;
        if (links == 0 && head.opcode == WebSocketOpcode::continuation) return Proof::none;
        if (head.size == 0 || bytes.size() - head.size < head.length) return Proof::pending;
        const auto length = static_cast<std::size_t>(head.length);
        const Bytes after = bytes.subspan(head.size + length);
        if (links == 0 && is_json(head, bytes.subspan(head.size, length)))
            return after.size() < 2 || read_head(after).valid ? Proof::given : Proof::none;
        if (terms_.mask == FrameTerms::Mask::either) return Proof::none;
        bytes = after;
        if (bytes.empty() && links + 1 < chain_that_proves) return Proof::pending;
    }
    return Proof::given;
}

void FrameReader::find_frame(Nanos time) {
    const Bytes all = window_;
    for (; looked_ + 2 <= all.size(); ++looked_) {
        if (!read_head(all.subspan(looked_)).valid) continue;
        if (candidates_.size() == candidates_limit) candidates_.erase(candidates_.begin());
        candidates_.push_back(looked_);
    }
    std::vector<std::size_t> pending;
    for (const std::size_t at : candidates_) {
        const Proof proof = prove(all.subspan(at));
        if (proof == Proof::pending) pending.push_back(at);
        if (proof != Proof::given) continue;
        const std::vector<char> found{window_.begin() + static_cast<std::ptrdiff_t>(at),
                                      window_.end()};
        if (terms_.mask == FrameTerms::Mask::either)
            terms_.mask =
                read_head(found).masked ? FrameTerms::Mask::always : FrameTerms::Mask::never;
        lost_ = false;
        searched_ = 0;
        window_.clear();
        candidates_.clear();
        return data(found, time);
    }
    candidates_ = std::move(pending);
    const std::size_t drop = candidates_.empty() ? looked_ : std::min(looked_, candidates_.front());
    window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(drop));
    looked_ -= drop;
    for (std::size_t& at : candidates_) at -= drop;
}

}  // namespace tranche::capture
