// What to tell a user whose peer's certificate was refused. Cold.
#pragma once

#include <openssl/types.h>
#include <string>

namespace tranche {

/// Says what is wrong, with the certificate's own words: its names, dates and issuer. `error` is
/// OpenSSL's verdict (X509_V_ERR_…), `certificate` the one it is about or null, `host` the name or
/// address that was asked for. What a stranger wrote into the certificate is cut short and
/// printable.
std::string explain_refusal(int error, X509* certificate, const std::string& host);

}  // namespace tranche
