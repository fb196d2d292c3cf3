#include "net/capture/conversation.hpp"

#include "net/http.hpp"

namespace tranche::capture {
namespace {

constexpr std::size_t asked_limit = 1024;
constexpr std::size_t held_limit = std::size_t{1} << 20;
constexpr std::uint64_t search_limit = std::uint64_t{256} << 10;

/// The extension's parameters out of the server's answer.
FrameTerms terms_of(std::string_view extensions, bool client) {
    FrameTerms terms;
    terms.mask = client ? FrameTerms::Mask::always : FrameTerms::Mask::never;
    terms.deflate = extensions.find("permessage-deflate") != std::string_view::npos;
    const std::string_view begins_anew =
        client ? "client_no_context_takeover" : "server_no_context_takeover";
    terms.takeover = extensions.find(begins_anew) == std::string_view::npos;
    return terms;
}

}  // namespace

Conversation::Conversation(StreamNumber stream, const KeyLog& keys, ConversationSink& sink)
    : stream_{stream},
      sink_{sink},
      keys_{keys},
      first_{*this, Party::first},
      second_{*this, Party::second} {}

std::uint64_t Conversation::websocket_frames() const {
    std::uint64_t frames = 0;
    for (const Side* one : {&first_, &second_})
        if (one->frames() != nullptr) frames += one->frames()->frames();
    return frames;
}

/// TLS shows by the first bytes of a direction; in a capture that begins in the middle, by those
/// of a segment.
bool Conversation::is_tls(Bytes bytes) {
    if (tls_) return true;
    if (undecided_ == 0) return false;
    --undecided_;
    if (looks_like_tls(bytes)) tls_ = std::make_unique<TlsStream>(keys_, *this);
    if (can_begin_http({bytes.data(), bytes.size()})) undecided_ = 0;
    return tls_ != nullptr;
}

void Conversation::data(Party from, Bytes bytes, Nanos time) {
    if (is_tls(bytes))
        tls_->data(from, bytes, time);
    else
        side(from).data(bytes, time);
}

void Conversation::gap(Party from, std::uint64_t length, Nanos time) {
    if (tls_)
        tls_->gap(from, length, time);
    else
        side(from).gap(length, time);
}

void Conversation::end(Nanos time) {
    first_.end(time);
    second_.end(time);
}

void Conversation::on_plaintext(Party from, Bytes bytes, Nanos time) {
    sink_.on_opened(stream_, from, bytes);
    side(from).data(bytes, time);
}

void Conversation::on_plaintext_gap(Party from, Nanos time) {
    side(from).gap(0, time);
}

BodyRule Conversation::request(Party from, const HttpNote& note) {
    client_ = from;
    client_known_ = true;
    Asked asked = Asked::ordinary;
    if (note.method == "HEAD") asked = Asked::head;
    if (note.method == "CONNECT") asked = Asked::connect;
    if (has_token(note.find("Upgrade"), "websocket")) asked = Asked::upgrade;
    if (asked_.size() < asked_limit) asked_.push_back(asked);
    if (asked != Asked::upgrade) return BodyRule::as_told;
    target_ = note.target;
    side(from).hold();
    return BodyRule::as_told;
}

BodyRule Conversation::answer(const HttpNote& note) {
    if (note.status >= 100 && note.status < 200 && note.status != 101) return BodyRule::none;
    Asked asked = Asked::ordinary;
    if (!asked_.empty()) {
        asked = asked_.front();
        asked_.pop_front();
    }
    if (note.status == 101 && has_token(note.find("Upgrade"), "websocket")) {
        websocket_ = true;
        const std::string_view extensions = note.find("Sec-WebSocket-Extensions");
        side(other(client_)).become_websocket(terms_of(extensions, false), note.time);
        side(client_).become_websocket(terms_of(extensions, true), note.time);
        return BodyRule::other_protocol;
    }
    if (asked == Asked::upgrade) side(client_).become_websocket({}, note.time);
    if (asked == Asked::connect && note.status / 100 == 2) return BodyRule::other_protocol;
    return asked == Asked::head ? BodyRule::none : BodyRule::as_told;
}

void Conversation::Side::data(Bytes bytes, Nanos time) {
    if (held_on_) {
        if (held_.size() + bytes.size() <= held_limit)
            held_.insert(held_.end(), bytes.begin(), bytes.end());
        return;
    }
    if (frames_ && !foreign_) return frames_->data(bytes, time);
    if (!begun_) {
        begun_ = true;
        if (!can_begin_http({bytes.data(), bytes.size()})) begin_anywhere();
    }
    if (foreign_) return search(bytes, time);
    const Bytes rest = http_.data(bytes, time);
    if (!rest.empty() && (frames_ || held_on_)) data(rest, time);
}

void Conversation::Side::begin_anywhere() {
    foreign_ = true;
    http_.begin_anywhere();
    frames_ =
        std::make_unique<FrameReader>(FrameTerms{FrameTerms::Mask::either, false, false}, *this);
    frames_->begin_anywhere();
}

/// Begun in the middle: whatever proves itself first is what it is.
void Conversation::Side::search(Bytes bytes, Nanos time) {
    if (frames_ && frames_->searched() <= search_limit) frames_->data(bytes, time);
    if (frames_ && !frames_->lost()) {
        foreign_ = false;
        all_.websocket_ = true;
        if (!all_.client_known_) all_.client_ = frames_->saw_mask() ? party_ : other(party_);
        all_.client_known_ = true;
        // The answer to the upgrade was missed.
        Side& peer = all_.side(other(party_));
        if (peer.held_on_) peer.become_websocket(terms_of({}, true), time);
        return;
    }
    if (http_.searched() > search_limit) return;
    const Bytes rest = http_.data(bytes, time);
    if (http_.lost() || !foreign_) {
        if (!rest.empty() && frames_ && !foreign_) data(rest, time);
        return;
    }
    foreign_ = false;
    frames_.reset();
}

void Conversation::Side::gap(std::uint64_t length, Nanos time) {
    all_.sink_.on_lost(all_.stream_, party_ == all_.client_, time);
    if (held_on_) return;
    if (frames_ && !foreign_) return frames_->gap(length, time);
    http_.gap(length, time);
    if (!begun_ || foreign_ || http_.lost()) begin_anywhere();
    begun_ = true;
}

/// `terms` without a mask for a client: the upgrade was refused, so HTTP goes on.
void Conversation::Side::become_websocket(FrameTerms terms, Nanos time) {
    const bool refused = held_on_ && terms.mask != FrameTerms::Mask::always;
    held_on_ = false;
    foreign_ = false;
    if (!refused) frames_ = std::make_unique<FrameReader>(terms, *this);
    const std::vector<char> held = std::move(held_);
    held_.clear();
    if (!held.empty()) data(held, time);
}

BodyRule Conversation::Side::on_http_head(const HttpNote& note) {
    if (!note.request) return all_.answer(note);
    return all_.request(party_, note);
}

void Conversation::Side::on_http(const HttpNote& note) {
    all_.sink_.on_http(all_.stream_, note);
}

void Conversation::Side::on_message(WebSocketOpcode opcode, Bytes payload, Nanos time) {
    WebSocketNote note;
    note.stream = all_.stream_;
    // Before anything else is known the mask tells who speaks.
    note.from_client = all_.client_known_ ? party_ == all_.client_ : frames_->saw_mask();
    note.opcode = opcode;
    note.payload = payload;
    note.time = time;
    note.target = all_.target_;
    all_.sink_.on_websocket(note);
}

void Conversation::Side::on_lost_message(Nanos time) {
    all_.sink_.on_lost(all_.stream_, party_ == all_.client_, time);
}

}  // namespace tranche::capture
