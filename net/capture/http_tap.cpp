#include "net/capture/http_tap.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/http.hpp"

namespace tranche::capture {
namespace {

constexpr std::array<std::string_view, 10> beginnings = {"HTTP/1.",  "GET ",  "POST ",    "PUT ",
                                                         "DELETE ",  "HEAD ", "OPTIONS ", "PATCH ",
                                                         "CONNECT ", "TRACE "};
constexpr std::size_t longest_beginning = 8;
constexpr std::size_t longest_line = 1024;

bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::string_view first_line(std::string_view head) {
    return head.substr(0, head.find("\r\n"));
}

}  // namespace

bool can_begin_http(std::string_view bytes) {
    return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view one) {
        const std::size_t length = std::min(one.size(), bytes.size());
        return one.substr(0, length) == bytes.substr(0, length);
    });
}

std::string_view HttpNote::find(std::string_view name) const {
    std::string_view left = head;
    while (!left.empty()) {
        const std::string_view line = first_line(left);
        left.remove_prefix(std::min(left.size(), line.size() + 2));
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos && same(line.substr(0, colon), name))
            return trim(line.substr(colon + 1));
    }
    return {};
}

HttpNote HttpTap::note(Nanos time) const {
    HttpNote made;
    made.head =
        std::string_view{head_}.substr(0, head_.size() - std::min<std::size_t>(4, head_.size()));
    made.body = body_;
    made.whole = whole_;
    made.begun = begun_;
    made.time = time;
    std::string_view line = first_line(made.head);
    if (line.starts_with("HTTP/1.")) {
        const std::string_view status = line.substr(std::min<std::size_t>(9, line.size()), 3);
        std::from_chars(status.data(), status.data() + status.size(), made.status);
        return made;
    }
    made.request = true;
    made.method = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), made.method.size() + 1));
    made.target = line.substr(0, line.rfind(' '));
    return made;
}

Bytes HttpTap::data(Bytes bytes, Nanos time) {
    while (!bytes.empty() && state_ != State::over) bytes = step(bytes, time);
    return bytes;
}

Bytes HttpTap::step(Bytes bytes, Nanos time) {
    switch (state_) {
        case State::head: return take_head(bytes, time);
        case State::sized:
        case State::to_end:
        case State::chunk_data: return take_sized(bytes, time);
        case State::chunk_size:
        case State::chunk_end:
        case State::trailer: return take_line(bytes, time);
        case State::lost: return search(bytes, time);
        case State::over: return bytes;
    }
    return bytes;
}

Bytes HttpTap::take_head(Bytes bytes, Nanos time) {
    if (head_.empty()) begun_ = time;
    const std::size_t from = head_.size() < 3 ? 0 : head_.size() - 3;
    const std::size_t before = head_.size();
    head_.append(bytes.data(), std::min(bytes.size(), head_limit));
    const std::size_t end = head_.find("\r\n\r\n", from);
    if (!can_begin_http(head_)) {
        // An empty line between two messages is allowed, anything else is no HTTP.
        if (before == 0 && (head_[0] == '\r' || head_[0] == '\n')) {
            head_.clear();
            return bytes.subspan(1);
        }
        begin_anywhere();
        return bytes;
    }
    if (end == std::string::npos && head_.size() >= head_limit) {
        begin_anywhere();
        return {};
    }
    if (end == std::string::npos) return {};
    head_.resize(end + 4);
    const Bytes rest = bytes.subspan(end + 4 - before);
    read_head(time);
    return rest;
}

void HttpTap::read_head(Nanos time) {
    body_.clear();
    whole_ = true;
    left_ = 0;
    const HttpNote made = note(time);
    const BodyRule rule = sink_.on_http_head(made);
    if (rule == BodyRule::other_protocol) {
        sink_.on_http(made);
        state_ = State::over;
        return;
    }
    const bool no_content =
        !made.request && (made.status / 100 == 1 || made.status == 204 || made.status == 304);
    const std::string_view length = made.find("Content-Length");
    const bool sized =
        std::from_chars(length.data(), length.data() + length.size(), left_).ec == std::errc{};
    const bool chunked = has_token(made.find("Transfer-Encoding"), "chunked");
    const bool bodiless = rule == BodyRule::none || no_content ||
                          (made.request && !chunked && !sized);  // a request says if it has one
    if (bodiless) {
        complete(time);
    } else if (chunked) {
        state_ = State::chunk_size;
    } else if (sized) {
        state_ = State::sized;
        if (left_ == 0) complete(time);
    } else {
        state_ = State::to_end;
    }
}

Bytes HttpTap::take_sized(Bytes bytes, Nanos time) {
    if (state_ == State::to_end) {
        keep(bytes);
        return {};
    }
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    keep(bytes.first(length));
    left_ -= length;
    if (left_ == 0 && state_ == State::sized)
        complete(time);
    else if (left_ == 0)
        state_ = State::chunk_end;
    return bytes.subspan(length);
}

Bytes HttpTap::take_line(Bytes bytes, Nanos time) {
    const auto end = std::find(bytes.begin(), bytes.end(), '\n');
    line_.append(bytes.begin(), end);
    if (line_.size() > longest_line) {
        begin_anywhere();
        return bytes;
    }
    if (end == bytes.end()) return {};
    std::string line;
    line.swap(line_);
    if (line.ends_with('\r')) line.pop_back();
    const Bytes rest = bytes.subspan(static_cast<std::size_t>(end - bytes.begin()) + 1);
    if (state_ == State::chunk_end) {
        state_ = State::chunk_size;
    } else if (state_ == State::trailer) {
        if (line.empty()) complete(time);
    } else {
        const auto [at, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
        if (error != std::errc{} || at == line.data()) {
            begin_anywhere();
            return rest;
        }
        state_ = left_ == 0 ? State::trailer : State::chunk_data;
    }
    return rest;
}

void HttpTap::keep(Bytes bytes) {
    const std::size_t length = std::min(bytes.size(), body_limit - body_.size());
    body_.append(bytes.data(), length);
    if (length < bytes.size()) whole_ = false;
}

void HttpTap::complete(Nanos time) {
    state_ = State::head;
    sink_.on_http(note(time));
    head_.clear();
    if (body_.capacity() > head_limit) body_ = {};
    body_.clear();
}

void HttpTap::begin_anywhere() {
    state_ = State::lost;
    searched_ = 0;
    head_.clear();
    line_.clear();
    body_.clear();
}

void HttpTap::gap(std::uint64_t length, Nanos time) {
    if (state_ == State::over) return;
    whole_ = false;
    if (state_ == State::to_end) return;
    const bool inside = state_ == State::sized || state_ == State::chunk_data;
    if (!inside || length == 0 || length > left_) return begin_anywhere();
    left_ -= length;
    if (left_ > 0) return;
    if (state_ == State::sized)
        complete(time);
    else
        state_ = State::chunk_end;
}

/// Looks for a start line. `head_` holds the end of what was seen before.
Bytes HttpTap::search(Bytes bytes, Nanos time) {
    searched_ += bytes.size();
    std::string seen = head_;
    const std::size_t before = seen.size();
    seen.append(bytes.begin(), bytes.end());
    for (std::size_t at = 0; at < seen.size(); ++at) {
        const std::string_view rest = std::string_view{seen}.substr(at);
        if (rest.size() < longest_beginning) break;
        if (!can_begin_http(rest)) continue;
        const std::string_view line = first_line(rest.substr(0, longest_line));
        const bool answer = line.starts_with("HTTP/1.") && line.size() >= 12 && line[8] == ' ';
        const bool request = line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0");
        if (!answer && !request) continue;
        head_.clear();
        state_ = State::head;
        begun_ = time;
        if (at < before) head_ = seen.substr(at, before - at);
        return bytes.subspan(at < before ? 0 : at - before);
    }
    head_ = seen.substr(seen.size() - std::min(seen.size(), longest_line));
    return {};
}

void HttpTap::end(Nanos time) {
    if (state_ == State::to_end) complete(time);
}

}  // namespace tranche::capture
