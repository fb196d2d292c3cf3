// A self-signed certificate for one run, so that a demo needs no set-up to speak TLS.
#pragma once

#include <optional>
#include <string>

namespace tranche::exchange {

struct Certificate {
    std::string chain_pem;
    std::string key_pem;
};

/// P-256, valid from yesterday for a month, for localhost, 127.0.0.1, ::1 and `address`.
/// Nothing if OpenSSL refuses.
std::optional<Certificate> make_certificate(const std::string& address);

}  // namespace tranche::exchange
