// What an answer to a housekeeping request means for whoever asked. Orders have their own reading
// (replies.hpp): there, doubt counts as "may exist"; here, doubt means "ask again".
// Source: exchange-protocol.md §9.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/aster/json.hpp"
#include "net/http.hpp"

namespace tranche::aster {

enum class AnswerKind : std::uint8_t {
    ok,
    rejected,   // with a code, for a reason that asking again does not change
    missing,    // the peer has no such resource (404, 405)
    stale,      // our clock and theirs differ: measure, then ask again
    try_again,  // no answer that says anything; not before `retry_after`
    refused,    // they do not accept who we are: nothing works until somebody acts
};

struct Answer {
    AnswerKind kind{};
    Json body;            // of `ok`
    std::int64_t code{};  // of the exchange; 0 without one
    std::string text;     // in words, with status and code; empty when `ok`
    Nanos retry_after{};  // UTC; 0 when the exchange named none
};

/// Classifies an answer; `now` is when it came.
Answer read_answer(const HttpResponse& response, Nanos now);

}  // namespace tranche::aster
