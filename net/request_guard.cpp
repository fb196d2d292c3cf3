#include "net/request_guard.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tranche {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::array<std::string_view, 5> public_headers = {"host", "user-agent", "accept",
                                                            "accept-encoding", "connection"};
/// Found anywhere in a target they mean that it speaks for an account.
constexpr std::array<std::string_view, 6> account_words = {"signature", "signer",  "nonce",
                                                           "apikey",    "api_key", "listenkey"};

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr int hex_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// The character at `at` with percent encoding undone as often as it was done; `at` moves behind.
char decoded(std::string_view text, std::size_t& at) {
    char c = text[at++];
    while (c == '%') {
        // "%2573" is "%73" is "s": each layer leaves a percent sign in front of two digits.
        if (text.size() - at < 2) return '\0';
        const int high = hex_of(text[at]);
        const int low = hex_of(text[at + 1]);
        if (high < 0 || low < 0) return '\0';
        c = static_cast<char>(high * 16 + low);
        at += 2;
    }
    return c;
}

/// True when the decoded target holds `word` with its first character at `from`.
bool spells(std::string_view target, std::size_t from, std::string_view word) {
    std::size_t at = from;
    for (const char wanted : word) {
        if (at >= target.size() || lower(decoded(target, at)) != wanted) return false;
    }
    return true;
}

bool speaks_for_account(std::string_view target) {
    for (std::size_t at = 0; at < target.size(); ++at)
        for (const std::string_view word : account_words)
            if (spells(target, at, word)) return true;
    return false;
}

/// A percent sign that does not stand in front of two hexadecimal digits hides something.
bool is_encoded_well(std::string_view target) {
    for (std::size_t at = 0; at < target.size();)
        if (decoded(target, at) == '\0') return false;
    return true;
}

bool is_public_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = line.substr(0, colon);
    return std::any_of(public_headers.begin(), public_headers.end(), [name](auto known) {
        return std::equal(name.begin(), name.end(), known.begin(), known.end(),
                          [](char a, char b) { return lower(a) == b; });
    });
}

/// Printable ASCII, and line ends only as CR LF: what else there is, somebody could read otherwise.
bool is_plain(std::string_view head) {
    for (std::size_t i = 0; i < head.size(); ++i) {
        if (head[i] == '\r' && i + 1 < head.size() && head[i + 1] == '\n') {
            ++i;
            continue;
        }
        if (head[i] < ' ' || head[i] > '~') return false;
    }
    return true;
}

RequestFault fault_of_line(std::string_view line) {
    constexpr std::string_view method = "GET ";
    constexpr std::string_view version = " HTTP/1.1";
    if (!line.starts_with(method)) return RequestFault::method;
    line.remove_prefix(method.size());
    if (!line.ends_with(version)) return RequestFault::malformed;
    line.remove_suffix(version.size());
    const bool is_path = line.starts_with('/') && line.find(' ') == std::string_view::npos;
    if (!is_path || !is_encoded_well(line)) return RequestFault::malformed;
    return speaks_for_account(line) ? RequestFault::signed_query : RequestFault::none;
}

}  // namespace

const char* name_of(RequestFault fault) {
    switch (fault) {
        case RequestFault::none: return "nothing";
        case RequestFault::unfinished: return "a request without an end";
        case RequestFault::more_follows: return "bytes behind the head";
        case RequestFault::malformed: return "a line that is none of ours";
        case RequestFault::method: return "a method other than GET";
        case RequestFault::signed_query: return "a signed query";
        case RequestFault::header: return "a header that no public question has";
    }
    return "nothing";
}

RequestFault fault_of(std::string_view request) {
    constexpr std::string_view head_end = "\r\n\r\n";
    const std::size_t end = request.find(head_end);
    if (end == std::string_view::npos) return RequestFault::unfinished;
    std::string_view head = request.substr(0, end + line_end.size());
    if (!is_plain(head)) return RequestFault::malformed;
    const std::size_t first = head.find(line_end);
    if (const RequestFault fault = fault_of_line(head.substr(0, first));
        fault != RequestFault::none)
        return fault;
    head.remove_prefix(first + line_end.size());
    while (!head.empty()) {
        const std::size_t next = head.find(line_end);
        if (!is_public_header(head.substr(0, next))) return RequestFault::header;
        head.remove_prefix(next + line_end.size());
    }
    return end + head_end.size() == request.size() ? RequestFault::none
                                                   : RequestFault::more_follows;
}

bool RequestGuard::passes(std::span<const char> request) {
    if (!closed_) return true;
    const RequestFault fault = fault_of({request.data(), request.size()});
    if (fault == RequestFault::none) return true;
    last_.store(fault, std::memory_order_relaxed);
    refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
}

}  // namespace tranche
