// Who we are to the exchange: keys from the environment, from files it names, or from systemd.
#pragma once

#include <string>

#include "core/result.hpp"
#include "core/settings.hpp"
#include "net/aster/secret.hpp"

namespace tranche::aster {

/// What one authentication scheme needs.
struct Credentials {
    AuthScheme scheme{};
    Secret key;           // V3: the agent's private key, 64 hex digits; V1: the API secret
    std::string user;     // V3: address of the master account
    std::string api_key;  // V1
};

/// V3: `TRANCHE_SIGNER_KEY_FILE` and `TRANCHE_USER`. V1: `API_KEY` and `API_SECRET` or
/// `API_SECRET_FILE`. What is not set is looked for as the files signer_key, user, api_key and
/// api_secret in `$CREDENTIALS_DIRECTORY`. Cold.
/// Errors (credentials): what is missing, malformed, a placeholder, or a file that others may read,
/// with the cure. No message ever contains a secret.
Result<Credentials> load_credentials(AuthScheme scheme);

}  // namespace tranche::aster
