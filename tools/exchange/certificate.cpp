#include "tools/exchange/certificate.hpp"

#include <memory>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace tranche::exchange {
namespace {

template <auto Free> struct Releases {
    template <class T> void operator()(T* object) const { Free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, Releases<X509_free>>;
using Bio = std::unique_ptr<BIO, Releases<BIO_free_all>>;

bool add_extension(X509* certificate, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    if (extension == nullptr) return false;
    const bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string alternative_names(const std::string& address) {
    std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
    const bool named =
        address == "127.0.0.1" || address == "::1" || address == "0.0.0.0" || address == "::";
    if (!named) names += ",IP:" + address;
    return names;
}

/// Who signs, for whom, and until when.
struct Subject {
    std::string names;
    long until_s;  // from now
    X509* issuer;  // null: signs itself
    EVP_PKEY* issuer_key;
};

bool fill_in(X509* certificate, EVP_PKEY* key, const Subject& about) {
    constexpr long day_s = 86'400;
    std::uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1U);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * day_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), about.until_s);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    const bool own = about.issuer == nullptr;
    const auto* common_name =
        reinterpret_cast<const unsigned char*>(own ? "tranche-exchange" : "tranche-exchange leaf");
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, own ? subject : X509_get_subject_name(about.issuer));
    // Who signs itself is its own trust anchor and has to be allowed to be one.
    const char* authority = own ? "critical,CA:TRUE" : "critical,CA:FALSE";
    const char* usage = own ? "critical,digitalSignature,keyCertSign" : "critical,digitalSignature";
    return add_extension(certificate, NID_basic_constraints, authority) &&
           add_extension(certificate, NID_key_usage, usage) &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
           add_extension(certificate, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, NID_subject_alt_name, about.names) &&
           X509_sign(certificate, own ? key : about.issuer_key, EVP_sha256()) != 0;
}

std::optional<Certificate> make(const Subject& about) {
    const Key key{EVP_EC_gen("P-256")};
    const X509Handle certificate{X509_new()};
    const Bio chain{BIO_new(BIO_s_mem())};
    const Bio secret{BIO_new(BIO_s_mem())};
    if (!key || !certificate || !chain || !secret) return std::nullopt;
    if (!fill_in(certificate.get(), key.get(), about)) return std::nullopt;
    if (PEM_write_bio_X509(chain.get(), certificate.get()) != 1) return std::nullopt;
    if (PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
        1)
        return std::nullopt;
    return Certificate{.chain_pem = text_of(chain.get()), .key_pem = text_of(secret.get())};
}

constexpr long month_s = 30 * 86'400;

}  // namespace

std::optional<Certificate> make_certificate(const std::string& address) {
    return make({alternative_names(address), month_s, nullptr, nullptr});
}

std::optional<Certificate> make_flawed_certificate(const std::string& address,
                                                   const Certificate& anchor, Flaw flaw) {
    if (flaw == Flaw::unknown_issuer) return make_certificate(address);
    const Bio chain{
        BIO_new_mem_buf(anchor.chain_pem.data(), static_cast<int>(anchor.chain_pem.size()))};
    const Bio secret{
        BIO_new_mem_buf(anchor.key_pem.data(), static_cast<int>(anchor.key_pem.size()))};
    const X509Handle issuer{PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)};
    const Key key{PEM_read_bio_PrivateKey(secret.get(), nullptr, nullptr, nullptr)};
    if (!issuer || !key) return std::nullopt;
    const bool elsewhere = flaw == Flaw::wrong_host;
    return make({elsewhere ? "DNS:elsewhere.example" : alternative_names(address),
                 flaw == Flaw::expired ? -3600 : month_s, issuer.get(), key.get()});
}

}  // namespace tranche::exchange
