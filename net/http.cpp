#include "net/http.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/require.hpp"

namespace tranche {
namespace {

constexpr std::size_t slack = 64 * 1024;
constexpr std::size_t longest_chunk_line = 256;

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// `tchar` of RFC 9110, 5.6.2.
bool is_token_char(char c) {
    const char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool is_value_char(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The whole of `text` as a number; false for anything else, signs and blanks included.
bool parse_size(std::string_view text, int base, std::size_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

const char* name_of(HttpVerdict verdict) {
    switch (verdict) {
        case HttpVerdict::need_more: return "more bytes needed";
        case HttpVerdict::complete: return "complete";
        case HttpVerdict::bad_status_line: return "bad status line";
        case HttpVerdict::bad_header: return "bad header line";
        case HttpVerdict::too_many_headers: return "too many headers";
        case HttpVerdict::head_too_long: return "headers too long";
        case HttpVerdict::bad_length: return "bad Content-Length";
        case HttpVerdict::length_and_chunks: return "both Content-Length and Transfer-Encoding";
        case HttpVerdict::unknown_encoding: return "unknown Transfer-Encoding";
        case HttpVerdict::body_too_long: return "body too long";
        case HttpVerdict::bad_chunk: return "bad chunk";
        case HttpVerdict::cut: return "connection cut inside the answer";
    }
    return "unknown verdict";
}

bool has_token(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        if (same(trim(list.substr(0, comma)), token)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

std::string_view HttpResponse::find(std::string_view name) const {
    for (const HttpHeader& header : all())
        if (same(header.name, name)) return header.value;
    return {};
}

HttpReader::HttpReader(std::size_t body_limit)
    : body_limit_{body_limit},
      capacity_{http_head_limit + body_limit + slack},
      bytes_{new char[http_head_limit + body_limit + slack]} {}

void HttpReader::reset() {
    end_ = scan_ = searched_ = body_begin_ = body_end_ = left_ = trailer_bytes_ = 0;
    part_ = Part::head;
    failed_ = HttpVerdict::need_more;
    head_request_ = false;
    response_.status = 0;
    response_.header_count = 0;
    response_.body = {};
}

std::span<char> HttpReader::room() {
    if (capacity_ - end_ < slack / 4 && body_end_ < scan_ && body_begin_ > 0) {
        // Chunk heads left a gap behind the joined body; what is not parsed yet moves down into it.
        std::memmove(bytes_.get() + body_end_, bytes_.get() + scan_, end_ - scan_);
        end_ -= scan_ - body_end_;
        scan_ = body_end_;
    }
    return {bytes_.get() + end_, capacity_ - end_};
}

HttpVerdict HttpReader::fail(HttpVerdict verdict) {
    part_ = Part::failed;
    failed_ = verdict;
    return verdict;
}

HttpVerdict HttpReader::next() {
    while (part_ != Part::done && part_ != Part::failed) {
        const Part before = part_;
        const std::size_t at = scan_;
        if (const HttpVerdict verdict = step(); verdict != HttpVerdict::need_more)
            return fail(verdict);
        if (part_ == before && scan_ == at) return HttpVerdict::need_more;
    }
    return part_ == Part::done ? HttpVerdict::complete : failed_;
}

HttpVerdict HttpReader::end() {
    if (part_ == Part::body_to_end) complete();
    if (part_ == Part::done) return HttpVerdict::complete;
    if (part_ == Part::failed) return failed_;
    return end_ == 0 ? HttpVerdict::need_more : fail(HttpVerdict::cut);
}

HttpVerdict HttpReader::step() {
    switch (part_) {
        case Part::head: return read_head();
        case Part::sized_body: return read_sized_body();
        case Part::body_to_end: return read_body_to_end();
        case Part::chunk_size: return read_chunk_size();
        case Part::chunk_data: return read_chunk_data();
        case Part::chunk_end: return read_chunk_end();
        case Part::trailer: return read_trailer();
        case Part::done:
        case Part::failed: return HttpVerdict::need_more;
    }
    return HttpVerdict::need_more;
}

HttpVerdict HttpReader::read_head() {
    const std::string_view seen{bytes_.get() + scan_, end_ - scan_};
    const std::size_t from = searched_ > scan_ + 3 ? searched_ - scan_ - 3 : 0;
    const std::size_t head_end = seen.find("\r\n\r\n", from);
    searched_ = end_;
    // Fails before the head is whole when its start already shows that this is no HTTP.
    constexpr std::string_view protocol{"HTTP/1."};
    const std::size_t shown = std::min(seen.size(), protocol.size());
    if (seen.substr(0, shown) != protocol.substr(0, shown)) return HttpVerdict::bad_status_line;
    if (std::min(head_end, seen.size()) > http_head_limit) return HttpVerdict::head_too_long;
    if (head_end == std::string_view::npos) return HttpVerdict::need_more;

    std::string_view lines = seen.substr(0, head_end + 2);
    response_.header_count = 0;
    for (bool first = true; !lines.empty(); first = false) {
        const std::size_t line_end = lines.find("\r\n");
        const std::string_view line = lines.substr(0, line_end);
        const HttpVerdict verdict = first ? read_status_line(line) : read_header(line);
        if (verdict != HttpVerdict::need_more) return verdict;
        lines.remove_prefix(line_end + 2);
    }
    scan_ += head_end + 4;
    return choose_body();
}

HttpVerdict HttpReader::read_status_line(std::string_view line) {
    constexpr std::string_view version{"HTTP/1.x "};
    if (line.size() < version.size() || (line[7] != '0' && line[7] != '1') || line[8] != ' ')
        return HttpVerdict::bad_status_line;
    response_.keep_alive = line[7] == '1';
    std::string_view rest = line.substr(8);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    if (rest.size() < 3 || !is_digit(rest[0]) || !is_digit(rest[1]) || !is_digit(rest[2]) ||
        rest[0] == '0')
        return HttpVerdict::bad_status_line;
    if (rest.size() > 3 && rest[3] != ' ') return HttpVerdict::bad_status_line;
    if (!std::all_of(rest.begin(), rest.end(), is_value_char)) return HttpVerdict::bad_status_line;
    response_.status =
        static_cast<unsigned>((rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0'));
    return HttpVerdict::need_more;
}

HttpVerdict HttpReader::read_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return HttpVerdict::bad_header;
    const HttpHeader header{line.substr(0, colon), trim(line.substr(colon + 1))};
    if (!std::all_of(header.name.begin(), header.name.end(), is_token_char) ||
        !std::all_of(header.value.begin(), header.value.end(), is_value_char))
        return HttpVerdict::bad_header;
    if (response_.header_count == http_headers_limit) return HttpVerdict::too_many_headers;
    response_.headers[response_.header_count++] = header;
    return HttpVerdict::need_more;
}

HttpVerdict HttpReader::choose_body() {
    bool has_length = false;
    bool has_chunks = false;
    for (const HttpHeader& header : response_.all()) {
        if (same(header.name, "Content-Length")) {
            if (has_length || !parse_size(header.value, 10, left_)) return HttpVerdict::bad_length;
            has_length = true;
        } else if (same(header.name, "Transfer-Encoding")) {
            if (has_chunks || !same(header.value, "chunked")) return HttpVerdict::unknown_encoding;
            has_chunks = true;
        } else if (same(header.name, "Connection")) {
            if (has_token(header.value, "close"))
                response_.keep_alive = false;
            else if (has_token(header.value, "keep-alive"))
                response_.keep_alive = true;
        }
    }
    if (has_length && has_chunks) return HttpVerdict::length_and_chunks;
    const unsigned status = response_.status;
    if (status >= 100 && status < 200 && status != 101) {
        searched_ = scan_;
        part_ = Part::head;
        return HttpVerdict::need_more;
    }
    body_begin_ = body_end_ = scan_;
    if (status == 101 || status == 204 || status == 304 || head_request_) {
        complete();
    } else if (has_chunks) {
        part_ = Part::chunk_size;
    } else if (has_length) {
        if (left_ > body_limit_) return HttpVerdict::body_too_long;
        part_ = Part::sized_body;
        if (left_ == 0) complete();
    } else {
        response_.keep_alive = false;
        part_ = Part::body_to_end;
    }
    return HttpVerdict::need_more;
}

HttpVerdict HttpReader::read_sized_body() {
    const std::size_t length = std::min(left_, end_ - scan_);
    scan_ += length;
    left_ -= length;
    body_end_ = scan_;
    if (left_ == 0) complete();
    return HttpVerdict::need_more;
}

HttpVerdict HttpReader::read_body_to_end() {
    if (end_ - body_begin_ > body_limit_) return HttpVerdict::body_too_long;
    scan_ = body_end_ = end_;
    return HttpVerdict::need_more;
}

HttpVerdict HttpReader::read_chunk_size() {
    const std::string_view seen{bytes_.get() + scan_, end_ - scan_};
    const std::size_t line_end = seen.find("\r\n");
    if (std::min(line_end, seen.size()) > longest_chunk_line) return HttpVerdict::bad_chunk;
    if (line_end == std::string_view::npos) return HttpVerdict::need_more;
    const std::string_view line = seen.substr(0, line_end);
    const std::string_view size = line.substr(0, std::min(line.find(';'), line.size()));
    if (!parse_size(size, 16, left_)) return HttpVerdict::bad_chunk;
    if (left_ > body_limit_ - (body_end_ - body_begin_)) return HttpVerdict::body_too_long;
    scan_ += line_end + 2;
    trailer_bytes_ = 0;
    part_ = left_ == 0 ? Part::trailer : Part::chunk_data;
    return HttpVerdict::need_more;
}

HttpVerdict HttpReader::read_chunk_data() {
    const std::size_t length = std::min(left_, end_ - scan_);
    std::memmove(bytes_.get() + body_end_, bytes_.get() + scan_, length);
    scan_ += length;
    body_end_ += length;
    left_ -= length;
    if (left_ == 0) part_ = Part::chunk_end;
    return HttpVerdict::need_more;
}

HttpVerdict HttpReader::read_chunk_end() {
    if (end_ - scan_ < 2) return HttpVerdict::need_more;
    if (bytes_[scan_] != '\r' || bytes_[scan_ + 1] != '\n') return HttpVerdict::bad_chunk;
    scan_ += 2;
    part_ = Part::chunk_size;
    return HttpVerdict::need_more;
}

HttpVerdict HttpReader::read_trailer() {
    const std::string_view seen{bytes_.get() + scan_, end_ - scan_};
    const std::size_t line_end = seen.find("\r\n");
    if (trailer_bytes_ + std::min(line_end, seen.size()) > http_head_limit)
        return HttpVerdict::head_too_long;
    if (line_end == std::string_view::npos) return HttpVerdict::need_more;
    scan_ += line_end + 2;
    trailer_bytes_ += line_end + 2;
    if (line_end == 0) complete();
    return HttpVerdict::need_more;
}

void HttpReader::complete() {
    response_.body = {bytes_.get() + body_begin_, body_end_ - body_begin_};
    part_ = Part::done;
}

std::string http_request(std::string_view method, std::string_view host_header,
                         std::string_view target, std::span<const HttpHeader> headers,
                         std::string_view body) {
    std::string request;
    request.reserve(256 + target.size() + body.size());
    request.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
    request.append(host_header).append("\r\n");
    for (const HttpHeader& header : headers)
        request.append(header.name).append(": ").append(header.value).append("\r\n");
    if (!body.empty() || method == "POST" || method == "PUT")
        request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    return request.append("\r\n").append(body);
}

}  // namespace tranche
