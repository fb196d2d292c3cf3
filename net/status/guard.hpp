// Who may ask and who may press: a web page open in the operator's browser must not be able to
// read the status by another name or to send a command. Source: reliability-model.md §4.5.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/settings.hpp"

namespace tranche {

/// Headers that matter for admission; empty when absent.
struct Credentials {
    std::string_view host;
    std::string_view origin;
    std::string_view fetch_site;  // Sec-Fetch-Site
    std::string_view authorization;
    std::string_view content_type;
    std::string_view intent;  // X-Tranche: a form cannot send it
};

struct Refusal {
    unsigned status;
    std::string_view message;
};

/// Admission of requests. One thread.
class Guard {
public:
    static constexpr int free_failures = 5;  // wrong tokens before the delay begins
    static constexpr Nanos longest_delay = seconds(60);

    /// `token` empty: no token is configured, commands come from loopback only.
    Guard(std::string address, std::uint16_t port, std::string token);

    /// 421 unless `Host` is a loopback name or the address bound, with our port or none. On a
    /// wildcard address any address literal will do: rebinding needs a name.
    std::optional<Refusal> admit(const Credentials& credentials) const;

    /// For requests with an effect, after `admit`: 401 wrong or missing token, 403 another origin
    /// or no custom header, 415 no JSON, 429 after too many wrong tokens.
    std::optional<Refusal> admit_command(const Credentials& credentials, Nanos now);

    bool needs_token() const { return !token_.empty(); }

private:
    bool host_allowed(std::string_view authority) const;
    std::optional<Refusal> check_token(std::string_view authorization, Nanos now);

    std::string address_;
    std::string port_;
    std::string token_;
    bool wildcard_;
    int failures_{};
    Nanos locked_until_{};
};

/// True when equal; the time taken tells the length at most.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// The token of a file; a missing file is made, 0600, with 256 random bits as 64 hex digits.
/// Errors (`credentials`): readable by others, too short, not text; (`cannot_write`, `io`): path.
Result<std::string> ensure_token(const std::string& path);

}  // namespace tranche
