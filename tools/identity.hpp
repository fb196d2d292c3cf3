// Who we are to the exchange, and under which name the account's files stand.
#pragma once

#include <string>

#include "core/result.hpp"
#include "core/settings.hpp"
#include "net/aster/authenticator.hpp"

namespace tranche {

struct Identity {
    aster::Authenticator authenticator;
    std::string account;  // wallet address or beginning of the key; "paper" in paper mode
};

/// Reads the credentials unless this is paper mode. `nonces` must outlive the result.
/// Errors: credentials.
Result<Identity> identify(const Settings& settings, aster::NonceSource& nonces);

/// Where the journal of that account is.
std::string journal_path(const Settings& settings, const std::string& account);

}  // namespace tranche
