#include "bench/tls_listener.hpp"

#include <array>
#include <cstdio>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/report.hpp"
#include "tools/exchange/certificate.hpp"

namespace tranche::bench {
namespace {

struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
std::unique_ptr<BIO, BioFree> memory_of(const std::string& pem) {
    return std::unique_ptr<BIO, BioFree>{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
}

std::unique_ptr<SSL_CTX, SslFree> make_context(const exchange::Certificate& made) {
    std::unique_ptr<SSL_CTX, SslFree> context{SSL_CTX_new(TLS_server_method())};
    X509* certificate =
        PEM_read_bio_X509(memory_of(made.chain_pem).get(), nullptr, nullptr, nullptr);
    EVP_PKEY* key =
        PEM_read_bio_PrivateKey(memory_of(made.key_pem).get(), nullptr, nullptr, nullptr);
    check(SSL_CTX_use_certificate(context.get(), certificate) == 1 &&
              SSL_CTX_use_PrivateKey(context.get(), key) == 1,
          "OpenSSL takes the certificate made for this run");
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

}  // namespace

TlsConnection::~TlsConnection() {
    if (fd >= 0) ::close(fd);
}

void TlsConnection::pump() {
    if (!established) {
        const int result = SSL_accept(ssl.get());
        established = result == 1;
        if (!established) {
            const int why = SSL_get_error(ssl.get(), result);
            closed = why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
            return;
        }
    }
    std::array<char, 16384> chunk;
    while (true) {
        const int length = SSL_read(ssl.get(), chunk.data(), static_cast<int>(chunk.size()));
        if (length > 0) {
            received.append(chunk.data(), static_cast<std::size_t>(length));
            continue;
        }
        closed = SSL_get_error(ssl.get(), length) != SSL_ERROR_WANT_READ;
        return;
    }
}

void TlsConnection::send(std::string_view text) {
    const int sent = SSL_write(ssl.get(), text.data(), static_cast<int>(text.size()));
    check(sent == static_cast<int>(text.size()), "the socket takes a small message");
}

TlsListener::TlsListener(const std::string& ca_path) {
    const auto made = exchange::make_certificate("127.0.0.1");
    check(made.has_value(), "OpenSSL makes a certificate");
    context_ = make_context(*made);
    std::FILE* file = std::fopen(ca_path.c_str(), "w");
    check(
        file != nullptr && std::fputs(made->chain_pem.c_str(), file) >= 0 && std::fclose(file) == 0,
        ca_path + " can be written");
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof place;
    auto* generic = reinterpret_cast<sockaddr*>(&place);
    check(::bind(listener, generic, length) == 0 && ::listen(listener, 16) == 0 &&
              ::getsockname(listener, generic, &length) == 0,
          "a loopback port can be listened on");
    port_ = ntohs(place.sin_port);
    watched_.push_back({listener, POLLIN, 0});
}

TlsListener::~TlsListener() {
    ::close(watched_.front().fd);
}

void TlsListener::accept_one() {
    const int fd = ::accept4(watched_.front().fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto connection = std::make_unique<TlsConnection>();
    connection->fd = fd;
    connection->ssl.reset(SSL_new(context_.get()));
    SSL_set_fd(connection->ssl.get(), fd);
    SSL_set_accept_state(connection->ssl.get());
    connections_.push_back(std::move(connection));
    watched_.push_back({fd, POLLIN, 0});
}

void TlsListener::poll() {
    if (::poll(watched_.data(), watched_.size(), 0) <= 0) return;
    for (std::size_t i = 0; i < connections_.size(); ++i)
        if (watched_[i + 1].revents != 0 && !connections_[i]->closed) {
            connections_[i]->pump();
            if (connections_[i]->closed) watched_[i + 1].fd = -1;  // poll skips it
        }
    if (watched_.front().revents != 0) accept_one();
}

}  // namespace tranche::bench
