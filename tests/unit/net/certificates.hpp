// Keys and certificates made on the spot, good ones and bad ones.
#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string>

namespace tranche::testing {

struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct CertificateFree {
    void operator()(X509* certificate) const { X509_free(certificate); }
};

struct Identity {
    std::unique_ptr<EVP_PKEY, KeyFree> key;
    std::unique_ptr<X509, CertificateFree> certificate;
};

struct CertificateWish {
    std::string name = "localhost";
    std::string alternatives = "DNS:localhost,IP:127.0.0.1";  // subjectAltName
    long valid_from = -3600;                                  // seconds from now
    long valid_to = 3600;
    bool authority = false;
};

/// A new key with a certificate signed by `issuer`, or by itself when that is null.
Identity make_identity(const CertificateWish& wish, const Identity* issuer);

/// Writes the certificate as PEM below the temporary folder of the test; returns its path.
std::string write_pem(const Identity& identity, const std::string& name);

struct ContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ServerContext = std::unique_ptr<SSL_CTX, ContextFree>;

/// A server's side of TLS with this identity.
ServerContext make_server_context(const Identity& identity);

}  // namespace tranche::testing
