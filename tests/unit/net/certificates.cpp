#include "tests/unit/net/certificates.hpp"

#include <atomic>
#include <cstdio>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/require.hpp"

namespace tranche::testing {
namespace {

void add_extension(X509* certificate, X509* issuer, int which, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str());
    require(extension != nullptr, "an extension of a test certificate is well formed");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

}  // namespace

Identity make_identity(const CertificateWish& wish, const Identity* issuer) {
    static std::atomic<long> serial{1};
    Identity made{std::unique_ptr<EVP_PKEY, KeyFree>{EVP_EC_gen("P-256")},
                  std::unique_ptr<X509, CertificateFree>{X509_new()}};
    X509* certificate = made.certificate.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), wish.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), wish.valid_to);
    X509_set_pubkey(certificate, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1, -1,
                               0);
    X509* signer = issuer != nullptr ? issuer->certificate.get() : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    add_extension(certificate, signer, NID_basic_constraints,
                  wish.authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!wish.alternatives.empty())
        add_extension(certificate, signer, NID_subject_alt_name, wish.alternatives);
    EVP_PKEY* key = issuer != nullptr ? issuer->key.get() : made.key.get();
    require(X509_sign(certificate, key, EVP_sha256()) > 0, "a test certificate can be signed");
    return made;
}

std::string write_pem(const Identity& identity, const std::string& name) {
    const std::string path = ::testing::TempDir() + name;
    std::FILE* file = std::fopen(path.c_str(), "w");
    require(file != nullptr, "the temporary folder can be written");
    PEM_write_X509(file, identity.certificate.get());
    std::fclose(file);
    return path;
}

ServerContext make_server_context(const Identity& identity) {
    ServerContext context{SSL_CTX_new(TLS_server_method())};
    SSL_CTX_use_certificate(context.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
    return context;
}

}  // namespace tranche::testing
