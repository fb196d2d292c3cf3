#include "net/tls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/require.hpp"
#include "net/address.hpp"
#include "net/certificate_text.hpp"
#include "net/tls_memory.hpp"

namespace tranche {
namespace {

// AES-128-GCM first: the fastest on any CPU with AES instructions.
constexpr const char* suites_13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* suites_12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

std::string openssl_reason() {
    std::array<char, 256> text{};
    const unsigned long code = ERR_peek_last_error();
    if (code == 0) return "no reason given";
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

Error settings_error(const std::string& what) {
    return {ErrorKind::settings, what};
}

TlsFailure failure_of(long verdict) {
    switch (verdict) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return TlsFailure::expired;
        case X509_V_ERR_CERT_NOT_YET_VALID: return TlsFailure::not_yet_valid;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return TlsFailure::wrong_host;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return TlsFailure::self_signed;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return TlsFailure::unknown_issuer;
        default: return TlsFailure::bad_certificate;  // OpenSSL's list is open-ended
    }
}

void log_key(const SSL* ssl, const char* line);

}  // namespace

struct TlsContext::Native {
    SSL_CTX* context{};
    BIO_METHOD* bio_method{};
    int key_log = -1;

    ~Native() {
        SSL_CTX_free(context);
        BIO_meth_free(bio_method);
        if (key_log >= 0) ::close(key_log);
    }
};

struct TlsSession::Native {
    SSL* ssl{};
    SSL_SESSION* ticket{};
    std::string host;
    long verify_result = X509_V_OK;
    std::string refused;  // what is wrong with which certificate, in words
    std::string reason;
    std::span<const char> input;
    std::span<char> output;
    std::size_t output_used{};
    bool overflowed{};

    ~Native() {
        drop();
        SSL_SESSION_free(ticket);
    }

    void drop() {
        // A session freed without its closing alerts would take its ticket with it.
        if (ssl != nullptr) SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(ssl);
        ssl = nullptr;
    }

    static Native& of(BIO* bio) { return *static_cast<Native*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* to, int room) {
        BIO_clear_retry_flags(bio);
        Native& self = of(bio);
        if (self.input.empty()) {
            BIO_set_retry_read(bio);
            return -1;
        }
        const std::size_t length = std::min(self.input.size(), static_cast<std::size_t>(room));
        std::memcpy(to, self.input.data(), length);
        self.input = self.input.subspan(length);
        return static_cast<int>(length);
    }

    static int write(BIO* bio, const char* from, int length) {
        BIO_clear_retry_flags(bio);
        Native& self = of(bio);
        const auto bytes = static_cast<std::size_t>(length);
        if (bytes > self.output.size() - self.output_used) {
            self.overflowed = true;
            return -1;
        }
        std::memcpy(self.output.data() + self.output_used, from, bytes);
        self.output_used += bytes;
        return length;
    }

    static long control(BIO*, int command, long, void*) {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }

    /// Listens to the verification and changes nothing about its outcome.
    static int note_refusal(int accepted, X509_STORE_CTX* check) {
        if (accepted == 1) return accepted;
        const int index = SSL_get_ex_data_X509_STORE_CTX_idx();
        auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(check, index));
        auto& self = *static_cast<Native*>(SSL_get_app_data(ssl));
        self.refused = explain_refusal(X509_STORE_CTX_get_error(check),
                                       X509_STORE_CTX_get_current_cert(check), self.host);
        return accepted;
    }

    static int keep_ticket(SSL* ssl, SSL_SESSION* session) {
        auto& self = *static_cast<Native*>(SSL_get_app_data(ssl));
        SSL_SESSION_free(self.ticket);
        self.ticket = session;  // ours from now on, as returning 1 says
        return 1;
    }
};

namespace {

void log_key(const SSL* ssl, const char* line) {
    const SSL_CTX* context = SSL_get_SSL_CTX(ssl);
    const auto* native = static_cast<const TlsContext::Native*>(SSL_CTX_get_app_data(context));
    const std::string text = std::string{line} + "\n";
    // Losing a line only costs the reader of a capture; the connection goes on.
    [[maybe_unused]] const ssize_t written = ::write(native->key_log, text.data(), text.size());
}

Result<Done> open_key_log(TlsContext::Native& native, const std::string& path) {
    native.key_log = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (native.key_log < 0)
        return Error{ErrorKind::cannot_write,
                     "cannot open the TLS key log \"" + path + "\": " + std::strerror(errno)};
    struct stat facts {};
    if (fstat(native.key_log, &facts) != 0 || (facts.st_mode & 077U) != 0)
        return Error{ErrorKind::cannot_write,
                     "the TLS key log \"" + path +
                         "\" can be read by others; it holds session secrets: chmod 600 it"};
    SSL_CTX_set_keylog_callback(native.context, &log_key);
    return Done{};
}

Result<Done> set_trust(SSL_CTX* context, const std::string& ca_file) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
        return settings_error("cannot load the system's CA certificates: " + openssl_reason());
    if (ca_file.empty()) return Done{};
    if (SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1)
        return settings_error("cannot load CA certificates from \"" + ca_file +
                              "\" (a PEM file is expected): " + openssl_reason());
    return Done{};
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<Native> native) : native_{std::move(native)} {}
TlsContext::~TlsContext() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::create(const TlsSettings& settings) {
    ERR_clear_error();
    auto native = std::make_unique<Native>();
    native->context = SSL_CTX_new(TLS_client_method());
    native->bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fixed buffers");
    if (native->context == nullptr || native->bio_method == nullptr)
        return settings_error("OpenSSL cannot be set up: " + openssl_reason());
    SSL_CTX* context = native->context;
    BIO_meth_set_read(native->bio_method, &TlsSession::Native::read);
    BIO_meth_set_write(native->bio_method, &TlsSession::Native::write);
    BIO_meth_set_ctrl(native->bio_method, &TlsSession::Native::control);

    SSL_CTX_set_app_data(context, native.get());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_ciphersuites(context, suites_13);
    SSL_CTX_set_cipher_list(context, suites_12);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &TlsSession::Native::note_refusal);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, &TlsSession::Native::keep_ticket);
    if (Result<Done> trusted = set_trust(context, settings.ca_file); !trusted)
        return trusted.error();
    if (!settings.key_log_file.empty())
        if (Result<Done> opened = open_key_log(*native, settings.key_log_file); !opened)
            return opened.error();
    return std::unique_ptr<TlsContext>{new TlsContext{std::move(native)}};
}

TlsSession::TlsSession(const TlsContext& context)
    : context_{context}, native_{std::make_unique<Native>()} {}
TlsSession::~TlsSession() = default;

void TlsSession::start(const std::string& host) {
    ERR_clear_error();
    Native& native = *native_;
    native.drop();
    native.ssl = SSL_new(context_.native().context);
    require(native.ssl != nullptr, "OpenSSL makes a session");
    BIO* bio = BIO_new(context_.native().bio_method);
    require(bio != nullptr, "OpenSSL makes a BIO");
    BIO_set_data(bio, &native);
    BIO_set_init(bio, 1);
    SSL_set_bio(native.ssl, bio, bio);
    SSL_set_app_data(native.ssl, &native);
    SSL_set_connect_state(native.ssl);

    X509_VERIFY_PARAM* checks = SSL_get0_param(native.ssl);
    X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool address = is_ip_address(host);
    const int set = address ? X509_VERIFY_PARAM_set1_ip_asc(checks, host.c_str())
                            : X509_VERIFY_PARAM_set1_host(checks, host.c_str(), host.size());
    require(set == 1, "the host to verify is set");
    if (!address) SSL_set_tlsext_host_name(native.ssl, host.c_str());
    if (native.ticket != nullptr && native.host == host) SSL_set_session(native.ssl, native.ticket);

    native.host = host;
    native.verify_result = X509_V_OK;
    native.refused.clear();
    native.reason.clear();
    native.input = {};
    native.output = {};
    native.output_used = 0;
    native.overflowed = false;
    established_ = false;
    ended_ = false;
    failure_ = TlsFailure::none;
}

void TlsSession::feed(std::span<const char> ciphertext) {
    native_->input = ciphertext;
}
std::size_t TlsSession::input_left() const {
    return native_->input.size();
}

bool TlsSession::advance() {
    if (established_ || failure_ != TlsFailure::none) return established_;
    ERR_clear_error();
    const int done = SSL_do_handshake(native_->ssl);
    if (done == 1)
        established_ = true;
    else
        fail(SSL_get_error(native_->ssl, done));
    return established_;
}

std::size_t TlsSession::read(std::span<char> room) {
    if (!established_ || failure_ != TlsFailure::none || room.empty()) return 0;
    ERR_clear_error();
    const RecordMemory no_heap;
    std::size_t length = 0;
    const int done = SSL_read_ex(native_->ssl, room.data(), room.size(), &length);
    if (done == 1) return length;
    fail(SSL_get_error(native_->ssl, done));
    return 0;
}

bool TlsSession::dry() const {
    return native_->input.empty() && SSL_has_pending(native_->ssl) == 0;
}

bool TlsSession::write(std::span<const char> plaintext) {
    if (!established_ || failure_ != TlsFailure::none || plaintext.empty()) return false;
    ERR_clear_error();
    const RecordMemory no_heap;
    std::size_t length = 0;
    const int done = SSL_write_ex(native_->ssl, plaintext.data(), plaintext.size(), &length);
    if (done == 1) return true;
    fail(SSL_get_error(native_->ssl, done));
    return false;
}

void TlsSession::close() {
    if (!established_ || failure_ != TlsFailure::none) return;
    ERR_clear_error();
    SSL_shutdown(native_->ssl);
}

void TlsSession::set_output(std::span<char> room) {
    native_->output = room;
    native_->output_used = 0;
}

std::size_t TlsSession::take_output() {
    const std::size_t used = native_->output_used;
    native_->output = {};
    native_->output_used = 0;
    return used;
}

bool TlsSession::resumed() const {
    return native_->ssl != nullptr && SSL_session_reused(native_->ssl) == 1;
}

void TlsSession::fail(int error) {
    if (native_->overflowed) {
        failure_ = TlsFailure::overflow;
        return;
    }
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
    if (error == SSL_ERROR_ZERO_RETURN) {
        ended_ = true;
        return;
    }
    native_->verify_result = SSL_get_verify_result(native_->ssl);
    native_->reason = openssl_reason();
    const int code = ERR_GET_REASON(ERR_peek_last_error());
    if (native_->verify_result != X509_V_OK)
        failure_ = failure_of(native_->verify_result);
    else
        failure_ = code >= SSL_AD_REASON_OFFSET ? TlsFailure::alert : TlsFailure::protocol;
    // A ticket the peer chokes on must not be offered for ever.
    SSL_SESSION_free(native_->ticket);
    native_->ticket = nullptr;
}

std::string TlsSession::failure_text() const {
    if (failure_ == TlsFailure::none) return {};
    if (!native_->refused.empty()) return native_->refused;
    const std::string text = name_of(failure_);
    return native_->reason.empty() ? text : text + ": " + native_->reason;
}

const char* name_of(TlsFailure failure) {
    switch (failure) {
        case TlsFailure::none: return "no failure";
        case TlsFailure::expired: return "certificate expired";
        case TlsFailure::not_yet_valid: return "certificate not yet valid";
        case TlsFailure::wrong_host: return "certificate is for another host";
        case TlsFailure::self_signed: return "self-signed certificate";
        case TlsFailure::unknown_issuer: return "certificate of an unknown issuer";
        case TlsFailure::bad_certificate: return "bad certificate";
        case TlsFailure::alert: return "refused by the peer";
        case TlsFailure::protocol: return "not valid TLS";
        case TlsFailure::overflow: return "output overflow";
    }
    return "unknown failure";
}

}  // namespace tranche
