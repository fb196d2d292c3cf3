#include "net/name_servers.hpp"

#include <ares.h>
#include <array>
#include <cstring>
#include <optional>
#include <poll.h>
#include <time.h>
#include <utility>

namespace tranche {
namespace {

// Two servers that are down are given up within nine seconds: less than a start waits.
constexpr int first_timeout_ms = 1'500;
constexpr int tries = 2;

std::string joined(const std::vector<std::string>& servers) {
    std::string text;
    for (const std::string& server : servers) text += (text.empty() ? "" : ",") + server;
    return text;
}

struct EndChannel {
    void operator()(ares_channel channel) const { ares_destroy(channel); }
};

std::vector<SocketAddress> addresses_of(const ares_addrinfo& found) {
    std::vector<SocketAddress> addresses;
    for (const ares_addrinfo_node* one = found.nodes; one != nullptr; one = one->ai_next) {
        if (one->ai_addrlen > sizeof(sockaddr_storage)) continue;
        SocketAddress address;
        std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
        address.length = one->ai_addrlen;
        addresses.push_back(address);
    }
    return addresses;
}

class ServerLookup final : public NameLookup {
public:
    explicit ServerLookup(const std::vector<std::string>& servers) : servers_{joined(servers)} {}
    ServerLookup(const ServerLookup&) = delete;
    ServerLookup& operator=(const ServerLookup&) = delete;

    void start(const std::string& host, std::uint16_t port) override {
        host_ = host;
        outcome_.reset();
        if (const int failed = open(); failed != ARES_SUCCESS) {
            outcome_ = error(ares_strerror(failed));
            return;
        }
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = ARES_AI_NUMERICSERV;
        const std::string service = std::to_string(port);
        ares_getaddrinfo(channel_.get(), host_.c_str(), service.c_str(), &hints, &answered, this);
    }

    std::optional<Result<std::vector<SocketAddress>>> outcome() override {
        if (!outcome_) turn();
        if (!outcome_) return std::nullopt;
        channel_.reset();
        return std::exchange(outcome_, std::nullopt);
    }

private:
    /// A channel each time: what the system's resolver says of search and hosts may have changed.
    int open() {
        ares_options options{};
        options.timeout = first_timeout_ms;
        options.tries = tries;
        std::array<char, 3> order{"fb"};  // the hosts file, then name servers
        options.lookups = order.data();
        ares_channel channel = nullptr;
        const int failed = ares_init_options(
            &channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
        if (failed != ARES_SUCCESS) return failed;
        channel_.reset(channel);
        return ares_set_servers_ports_csv(channel, servers_.c_str());
    }

    void turn() {
        std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
        const auto wanted = static_cast<unsigned>(
            ares_getsock(channel_.get(), sockets.data(), static_cast<int>(sockets.size())));
        for (unsigned i = 0; i < sockets.size(); ++i) {
            const bool reads = ARES_GETSOCK_READABLE(wanted, i) != 0;
            const bool writes = ARES_GETSOCK_WRITABLE(wanted, i) != 0;
            if (!reads && !writes) continue;
            const auto events = static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
            pollfd waiting{sockets[i], events, 0};
            if (::poll(&waiting, 1, 0) <= 0) continue;
            ares_process_fd(channel_.get(), reads ? sockets[i] : ARES_SOCKET_BAD,
                            writes ? sockets[i] : ARES_SOCKET_BAD);
        }
        ares_process_fd(channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what took too long
    }

    static void answered(void* self, int status, int /*timeouts*/, ares_addrinfo* found) {
        const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owner{
            found, &ares_freeaddrinfo};
        if (status == ARES_EDESTRUCTION) return;
        auto& lookup = *static_cast<ServerLookup*>(self);
        std::vector<SocketAddress> addresses;
        if (status == ARES_SUCCESS) addresses = addresses_of(*found);
        if (addresses.empty())
            lookup.outcome_ =
                lookup.error(ares_strerror(status == ARES_SUCCESS ? ARES_ENODATA : status));
        else
            lookup.outcome_ = std::move(addresses);
    }

    Error error(const std::string& reason) const {
        return {ErrorKind::unavailable, "cannot find the address of \"" + host_ + "\" by " +
                                            servers_ + ": " + reason +
                                            ". Check the name and exchange.dns_servers."};
    }

    std::string servers_;
    std::string host_;
    std::optional<Result<std::vector<SocketAddress>>> outcome_;
    std::unique_ptr<ares_channeldata, EndChannel> channel_;
};

}  // namespace

std::unique_ptr<NameLookup> make_server_lookup(const std::vector<std::string>& servers) {
    return std::make_unique<ServerLookup>(servers);
}

std::unique_ptr<NameLookup> make_lookup(const std::vector<std::string>& servers) {
    return servers.empty() ? make_system_lookup() : make_server_lookup(servers);
}

Result<std::vector<SocketAddress>> resolve_by(NameLookup& lookup, const std::string& host,
                                              std::uint16_t port) {
    if (is_ip_address(host)) return resolve(host, port);
    lookup.start(host, port);
    while (true) {
        if (auto outcome = lookup.outcome()) return *std::move(outcome);
        constexpr timespec pause{0, 2'000'000};
        nanosleep(&pause, nullptr);
    }
}

}  // namespace tranche
