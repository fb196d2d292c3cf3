// A blocking HTTP client for verbs that ask a running process. Cold; libcurl does the work.
#pragma once

#include <string>

#include "core/result.hpp"

namespace tranche {

struct HttpAnswer {
    long status{};
    std::string body;
};

/// How to ask. `ca_file` is a further trust anchor, empty for none; `token` goes into
/// `Authorization: Bearer`, empty for none.
struct HttpCall {
    std::string method{"GET"};
    std::string url;
    std::string body;  // JSON, for POST
    std::string token;
    std::string ca_file;
    long timeout_ms{5000};
};

/// Errors (unavailable): who was asked and why there is no answer. Any status is an answer.
Result<HttpAnswer> ask(const HttpCall& call);

}  // namespace tranche
