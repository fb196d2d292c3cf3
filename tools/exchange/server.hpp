// The sockets of the exchange: one port, one thread.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "tools/exchange/certificate.hpp"
#include "tools/exchange/options.hpp"
#include "tools/exchange/player.hpp"
#include "tools/exchange/service.hpp"

namespace tranche::exchange {

/// Exit code and message of a start that failed; code 0 means it did not.
struct StartError {
    int exit_code{};
    std::string message;
};

class Server {
public:
    Server(const Options& options, Service& service, Venue& venue, const Recording& recording);

    /// Certificate, port, signals; prints the address that is served.
    StartError start();
    /// Serves until SIGINT or SIGTERM.
    void run() { io_.run(); }

private:
    StartError load_certificate();
    bool use(boost::asio::ssl::context& context, const Certificate& certificate);
    boost::asio::ssl::context& context_for(Flaw flaw);
    StartError open_port();
    void accept();
    void tick();

    const Options& options_;
    Service& service_;
    boost::asio::io_context io_{1};
    boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_server};
    std::array<std::optional<boost::asio::ssl::context>, 4> flawed_;  // by Flaw, made when wanted
    Certificate anchor_;
    boost::asio::ip::tcp::acceptor acceptor_{io_};
    boost::asio::signal_set signals_{io_, SIGINT, SIGTERM};
    boost::asio::steady_timer timer_{io_};
    Player player_;
};

}  // namespace tranche::exchange
