// HTTP/1.1 answers and requests as bytes. No socket here.
//
// Strict on purpose: an answer whose length can be read in two ways is an error, because whoever
// reads it wrongly takes one answer for another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tranche {

struct HttpHeader {
    std::string_view name;
    std::string_view value;
};

inline constexpr std::size_t http_headers_limit = 100;           // header lines
inline constexpr std::size_t http_head_limit = 16 * 1024;        // bytes of status line and headers
inline constexpr std::size_t http_body_limit = 4 * 1024 * 1024;  // bytes, chunks joined

/// A complete answer. All views point into the reader's buffer.
struct HttpResponse {
    unsigned status{};
    bool keep_alive{};  // the connection may carry another request
    std::size_t header_count{};
    std::array<HttpHeader, http_headers_limit> headers{};
    std::span<const char> body;

    /// Value of the first header of that name, whatever its case; empty when there is none.
    std::string_view find(std::string_view name) const;
    std::span<const HttpHeader> all() const { return {headers.data(), header_count}; }
};

/// What the reader found, or why the answer cannot be trusted.
enum class HttpVerdict : std::uint8_t {
    need_more,
    complete,
    // errors: nothing more is read
    bad_status_line,
    bad_header,  // no colon, a forbidden character, a folded or bare-LF line
    too_many_headers,
    head_too_long,
    bad_length,         // not a number, or given twice
    length_and_chunks,  // Content-Length and Transfer-Encoding
    unknown_encoding,   // a transfer encoding other than chunked
    body_too_long,
    bad_chunk,
    cut,  // the connection ended inside the answer
};
const char* name_of(HttpVerdict verdict);

/// Parses one answer at a time, in place. Use: write into `room`, tell `wrote`, call `next`.
class HttpReader {
public:
    explicit HttpReader(std::size_t body_limit = http_body_limit);

    std::span<char> room();
    void wrote(std::size_t length) { end_ += length; }

    /// Goes on parsing. Informational answers (1xx) are skipped; 101 is an answer.
    HttpVerdict next();
    /// The peer has closed: completes an answer that had no length, else `cut`; `need_more` when no
    /// byte of an answer has come.
    HttpVerdict end();

    /// The answer, once `complete`; valid until `reset`.
    const HttpResponse& response() const { return response_; }
    /// Bytes that came after the answer; the next protocol's after a 101, else out of turn.
    std::span<const char> rest() const { return {bytes_.get() + scan_, end_ - scan_}; }
    /// True while no byte of an answer has come.
    bool untouched() const { return end_ == 0; }
    /// The next answer is one to a HEAD request: it has no body, whatever its headers say.
    void expect_no_body() { head_request_ = true; }
    /// Forgets the answer, and with it everything received.
    void reset();

private:
    enum class Part : std::uint8_t {
        head,
        sized_body,
        body_to_end,
        chunk_size,
        chunk_data,
        chunk_end,
        trailer,
        done,
        failed
    };
    HttpVerdict step();
    HttpVerdict read_head();
    HttpVerdict read_status_line(std::string_view line);
    HttpVerdict read_header(std::string_view line);
    HttpVerdict choose_body();
    HttpVerdict read_sized_body();
    HttpVerdict read_body_to_end();
    HttpVerdict read_chunk_size();
    HttpVerdict read_chunk_data();
    HttpVerdict read_chunk_end();
    HttpVerdict read_trailer();
    HttpVerdict fail(HttpVerdict verdict);
    void complete();

    std::size_t body_limit_;
    std::size_t capacity_;
    std::unique_ptr<char[]> bytes_;
    std::size_t end_{};       // first byte not received
    std::size_t scan_{};      // first byte not parsed
    std::size_t searched_{};  // up to here there is no end of the head
    std::size_t body_begin_{};
    std::size_t body_end_{};  // chunks are joined here
    std::size_t left_{};      // of the body or chunk
    std::size_t trailer_bytes_{};
    Part part_{};
    HttpVerdict failed_{};
    bool head_request_{};
    HttpResponse response_{};
};

/// True when `list`, separated by commas, holds `token`, whatever its case.
bool has_token(std::string_view list, std::string_view token);

/// A whole request. `headers` are written as given; Host and, for a body or a method that may have
/// one, Content-Length are added. Cold.
std::string http_request(std::string_view method, std::string_view host_header,
                         std::string_view target, std::span<const HttpHeader> headers = {},
                         std::string_view body = {});

}  // namespace tranche
