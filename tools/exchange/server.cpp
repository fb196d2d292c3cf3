#include "tools/exchange/server.hpp"

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "tools/exchange/http_session.hpp"

namespace tranche::exchange {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

constexpr int unavailable = 69;
constexpr int cannot_create = 73;
constexpr int io_error = 74;

constexpr std::chrono::milliseconds tick_period{Market::step_ms};

StartError write_certificate(const std::string& path, const std::string& pem) {
    std::ofstream out{path, std::ios::trunc};
    out << pem;
    out.close();
    if (out) return {};
    return {cannot_create, fmt::format("cannot write the certificate to {}; choose another place "
                                       "with --cert-out",
                                       path)};
}

}  // namespace

Server::Server(const Options& options, Service& service, Venue& venue, const Recording& recording)
    : options_{options},
      service_{service},
      player_{io_, service.hub, venue, recording, options.speed} {}

StartError Server::load_certificate() {
    if (options_.plain) return {};
    tls_.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                     asio::ssl::context::no_tlsv1_1);
    Error error;
    if (!options_.tls_cert.empty()) {
        tls_.use_certificate_chain_file(options_.tls_cert, error);
        if (!error) tls_.use_private_key_file(options_.tls_key, asio::ssl::context::pem, error);
        if (!error) return {};
        return {io_error, fmt::format("cannot use {} with {}: {}", options_.tls_cert,
                                      options_.tls_key, error.message())};
    }
    const auto made = make_certificate(options_.address);
    if (!made || !use(tls_, *made))
        return {io_error, "OpenSSL could not make a certificate; pass --tls-cert and --tls-key"};
    anchor_ = *made;
    const std::string path =
        !options_.cert_out.empty()
            ? options_.cert_out
            : (std::filesystem::temp_directory_path() /
               fmt::format("tranche-exchange-{}.pem", acceptor_.local_endpoint().port()))
                  .string();
    const StartError failed = write_certificate(path, anchor_.chain_pem);
    if (failed.exit_code == 0) fmt::print("certificate: {}\n", path);
    return failed;
}

bool Server::use(asio::ssl::context& context, const Certificate& certificate) {
    Error error;
    context.use_certificate_chain(asio::buffer(certificate.chain_pem), error);
    if (!error)
        context.use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem, error);
    return !error;
}

asio::ssl::context& Server::context_for(Flaw flaw) {
    if (flaw == Flaw::none) return tls_;
    auto& context = flawed_[static_cast<std::size_t>(flaw)];
    if (context) return *context;
    context.emplace(asio::ssl::context::tls_server);
    // With certificates from files there is no anchor's key here: then every flaw is the issuer.
    const Flaw possible = anchor_.key_pem.empty() ? Flaw::unknown_issuer : flaw;
    const auto made = make_flawed_certificate(options_.address, anchor_, possible);
    if (!made || !use(*context, *made)) fmt::print(stderr, "warning: no flawed certificate\n");
    return *context;
}

StartError Server::open_port() {
    Error error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) return {64, fmt::format("--listen: {} is not an IP address", options_.address)};
    const tcp::endpoint endpoint{address, options_.port};
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return {};
    return {unavailable,
            fmt::format("cannot listen on {} port {}: {}; stop the other program or choose "
                        "another port with --listen (port 0 takes a free one)",
                        options_.address, options_.port, error.message())};
}

StartError Server::start() {
    StartError failed = open_port();
    if (failed.exit_code == 0) failed = load_certificate();
    if (failed.exit_code != 0) return failed;
    signals_.async_wait([this](const Error& error, int) {
        if (!error) io_.stop();
    });
    const auto endpoint = acceptor_.local_endpoint();
    const bool v6 = endpoint.address().is_v6();
    fmt::print("listening on {}://{}{}{}:{}\n", options_.plain ? "http" : "https", v6 ? "[" : "",
               endpoint.address().to_string(), v6 ? "]" : "", endpoint.port());
    std::fflush(stdout);
    timer_.expires_after(tick_period);
    tick();
    accept();
    return {};
}

void Server::accept() {
    acceptor_.async_accept([this](const Error& error, tcp::socket socket) {
        if (error == asio::error::operation_aborted) return;
        if (!error) {
            Error ignored;
            socket.set_option(tcp::no_delay(true), ignored);
            const auto peer = socket.remote_endpoint(ignored);
            const std::string address = peer.address().to_string();
            const ConnectionFate fate = service_.fate_of_connection();
            if (fate.blackhole) {
                service_.lines.park(std::make_shared<tcp::socket>(std::move(socket)));
            } else if (fate.refuse) {
                reset_on_close(socket);
                socket.close(ignored);
            } else if (options_.plain) {
                std::make_shared<HttpSession<PlainStream>>(PlainStream{std::move(socket)}, service_,
                                                           address)
                    ->start();
            } else {
                std::make_shared<HttpSession<TlsStream>>(
                    TlsStream{std::move(socket), context_for(fate.flaw)}, service_, address)
                    ->start();
            }
        }
        accept();
    });
}

void Server::tick() {
    timer_.async_wait([this](const Error& error) {
        if (error) return;
        const std::int64_t now_ms = service_.now_us() / 1000;
        service_.tick(now_ms);
        player_.poll(now_ms);
        const auto now = std::chrono::steady_clock::now();
        timer_.expires_at(std::max(timer_.expiry() + tick_period, now));
        tick();
    });
}

}  // namespace tranche::exchange
