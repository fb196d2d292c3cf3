#include "net/certificate_text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <memory>
#include <openssl/bio.h>
#include <openssl/x509v3.h>
#include <string_view>

namespace tranche {
namespace {

constexpr std::size_t longest_name = 100;
constexpr int most_names = 8;

/// Printable ASCII of at most `longest_name` characters, in quotes.
std::string quoted(std::string_view bytes) {
    std::string text{bytes.substr(0, longest_name)};
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~' || c == '"'; }, '?');
    return '"' + text + (bytes.size() > longest_name ? "…\"" : "\"");
}

struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
struct NamesFree {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

/// What `write` prints into a memory BIO.
template <class Write> std::string printed(Write write) {
    const std::unique_ptr<BIO, BioFree> out{BIO_new(BIO_s_mem())};
    if (out == nullptr) return {};
    write(out.get());
    char* bytes = nullptr;
    const long length = BIO_get_mem_data(out.get(), &bytes);
    return length > 0 ? std::string(bytes, static_cast<std::size_t>(length)) : std::string{};
}

std::string name_text(const X509_NAME* name) {
    return quoted(printed([name](BIO* out) { X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253); }));
}

std::string time_text(const ASN1_TIME* time) {
    return printed([time](BIO* out) { ASN1_TIME_print(out, time); });
}

std::string_view bytes_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(std::string_view bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (bytes.size() != 4 && bytes.size() != 16) return "a malformed address";
    inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
    return quoted(text.data());
}

/// The names and addresses a certificate is for. Its common name counts for nothing when there are
/// any (RFC 6125).
std::string names_of(X509* certificate) {
    const std::unique_ptr<GENERAL_NAMES, NamesFree> names{static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
    std::string list;
    const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names.get());
    for (int i = 0; i < std::min(count, most_names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
        if (!list.empty()) list += ", ";
        list += name->type == GEN_DNS ? quoted(bytes_of(name->d.dNSName))
                                      : address_text(bytes_of(name->d.iPAddress));
    }
    if (list.empty()) return name_text(X509_get_subject_name(certificate));
    return count > most_names ? list + " and others" : list;
}

}  // namespace

std::string explain_refusal(int error, X509* certificate, const std::string& host) {
    const std::string what = X509_verify_cert_error_string(error);
    if (certificate == nullptr) return what;
    const std::string subject = name_text(X509_get_subject_name(certificate));
    const std::string issuer = name_text(X509_get_issuer_name(certificate));
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return what + ": that of " + subject + " was valid until " +
                   time_text(X509_get0_notAfter(certificate));
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return what + ": that of " + subject + " begins on " +
                   time_text(X509_get0_notBefore(certificate)) + "; is this machine's clock right?";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return what + ": \"" + host + "\" was asked for, the certificate is for " +
                   names_of(certificate);
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return what + ": " + subject + " vouches for itself and is not among the trusted ones";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return what + ": " + subject + " was issued by " + issuer +
                   ", which nobody here trusts";
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return what + ": " + subject + " claims to be issued by " + issuer +
                   ", whose key, as trusted here, did not sign it";
        default: return what + ": that of " + subject;  // OpenSSL's list is open-ended
    }
}

}  // namespace tranche
