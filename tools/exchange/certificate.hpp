// A self-signed certificate for one run, so that a demo needs no set-up to speak TLS.
#pragma once

#include <optional>
#include <string>

#include "tools/exchange/faults.hpp"

namespace tranche::exchange {

struct Certificate {
    std::string chain_pem;
    std::string key_pem;
};

/// P-256, valid from yesterday for a month, for localhost, 127.0.0.1, ::1 and `address`.
/// Nothing if OpenSSL refuses.
std::optional<Certificate> make_certificate(const std::string& address);

/// One that a client who trusts `anchor` must refuse, and why. Nothing if OpenSSL refuses.
std::optional<Certificate> make_flawed_certificate(const std::string& address,
                                                   const Certificate& anchor, Flaw flaw);

}  // namespace tranche::exchange
