#include "net/aster/http_transport.hpp"

#include <utility>

namespace tranche::aster {

Result<std::unique_ptr<RestTransport>> RestTransport::create(
    const Endpoint& endpoint, std::vector<SocketAddress> addresses, const TlsContext* tls,
    RequestGuard& guard, TimeSource time, std::uint64_t seed, const AddressBook* book) {
    ReactorOptions options;
    options.channels = 1;
    options.buffers = 32;
    auto reactor = Reactor::create(options, time);
    if (!reactor) return reactor.error();
    const auto channel = reactor.value()->acquire();
    if (!channel) return channel.error();
    HttpPeer peer;
    peer.host = endpoint.host;
    peer.addresses = std::move(addresses);
    peer.book = book;
    return std::unique_ptr<RestTransport>{new RestTransport{
        std::move(reactor).value(), channel.value(), tls, std::move(peer), guard, time, seed}};
}

RestTransport::RestTransport(std::unique_ptr<Reactor> reactor, ChannelId channel,
                             const TlsContext* tls, HttpPeer peer, RequestGuard& guard,
                             TimeSource time, std::uint64_t seed)
    : reactor_{std::move(reactor)}, connection_{*reactor_, channel, tls, std::move(peer),
                                                guard,     time,    seed} {}

HttpOutcome RestTransport::poll(Nanos now) {
    reactor_->poll();
    return connection_.poll(now);
}

}  // namespace tranche::aster
