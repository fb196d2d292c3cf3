// One warm HTTP connection as cold stages see it; tests put a script in its place.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/time_source.hpp"
#include "net/address.hpp"
#include "net/http_connection.hpp"
#include "net/tls.hpp"
#include "net/uring.hpp"

namespace tranche::aster {

/// Carries one request at a time. An outcome is reported once.
class HttpTransport {
public:
    virtual ~HttpTransport() = default;

    /// Goes on with everything; call it once a turn.
    virtual HttpOutcome poll(Nanos now) = 0;
    /// Connected and without a request under way.
    virtual bool ready() const = 0;
    /// False, and nothing done, when not ready.
    virtual bool send(std::string_view request, Nanos now) = 0;
    /// The last answer; valid until the next `send`.
    virtual const HttpResponse& response() const = 0;
    /// When the request's first byte left and when the answer's last one came, UTC.
    virtual Nanos sent_at() const = 0;
    virtual Nanos answered_at() const = 0;
    /// Why the connection was lost last, in words.
    virtual std::string why() const = 0;
};

/// The real one: a reactor and a connection of its own, so that nothing here delays an order.
class RestTransport final : public HttpTransport {
public:
    /// `tls` null for plain loopback; it, `guard` and `book` must outlive the transport. With a
    /// book its addresses are used instead. Errors: those of the reactor.
    static Result<std::unique_ptr<RestTransport>> create(const Endpoint& endpoint,
                                                         std::vector<SocketAddress> addresses,
                                                         const TlsContext* tls, RequestGuard& guard,
                                                         TimeSource time, std::uint64_t seed,
                                                         const AddressBook* book = nullptr);

    HttpOutcome poll(Nanos now) override;
    bool ready() const override { return connection_.is_ready(); }
    bool send(std::string_view request, Nanos now) override {
        return connection_.send(request, now);
    }
    const HttpResponse& response() const override { return connection_.response(); }
    Nanos sent_at() const override { return connection_.first_byte_out(); }
    Nanos answered_at() const override { return connection_.answered(); }
    std::string why() const override { return connection_.why(); }

private:
    RestTransport(std::unique_ptr<Reactor> reactor, ChannelId channel, const TlsContext* tls,
                  HttpPeer peer, RequestGuard& guard, TimeSource time, std::uint64_t seed);

    std::unique_ptr<Reactor> reactor_;
    HttpConnection connection_;
};

}  // namespace tranche::aster
