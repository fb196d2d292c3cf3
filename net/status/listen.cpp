#include "net/status/listen.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tranche {
namespace {

constexpr int backlog = 64;

struct Address {
    sockaddr_storage storage{};
    socklen_t length{};
};

bool read_address(const StatusSettings& settings, Address& address) {
    auto* const four = reinterpret_cast<sockaddr_in*>(&address.storage);
    if (inet_pton(AF_INET, settings.address.c_str(), &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(settings.port);
        address.length = sizeof *four;
        return true;
    }
    auto* const six = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (inet_pton(AF_INET6, settings.address.c_str(), &six->sin6_addr) != 1) return false;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(settings.port);
    address.length = sizeof *six;
    return true;
}

std::string_view cure(int error) {
    if (error == EADDRINUSE)
        return "another program listens there; stop it or set status.listen to another port";
    if (error == EACCES) return "ports below 1024 need privileges; set status.listen to another";
    if (error == EADDRNOTAVAIL) return "no interface has this address; set status.listen";
    return "set status.listen to an address of this host";
}

Error refused(const StatusSettings& settings, int error) {
    return {ErrorKind::unavailable,
            fmt::format("the status page cannot listen on {}:{}: {}; {}", settings.address,
                        settings.port, std::strerror(error), cure(error))};
}

}  // namespace

Result<Listener> listen_on(const StatusSettings& settings) {
    Address address;
    if (!read_address(settings, address))
        return Error{ErrorKind::settings,
                     fmt::format("status.listen: {} is no IPv4 or IPv6 address", settings.address)};
    const int listener =
        socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) return refused(settings, errno);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    auto* const name = reinterpret_cast<sockaddr*>(&address.storage);
    if (bind(listener, name, address.length) != 0 || listen(listener, backlog) != 0 ||
        getsockname(listener, name, &address.length) != 0) {
        const int error = errno;
        close(listener);
        return refused(settings, error);
    }
    const std::uint16_t port =
        address.storage.ss_family == AF_INET
            ? ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port)
            : ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
    return Listener{listener, port};
}

}  // namespace tranche
