// The exchange's end of the end-to-end bench: market and user streams, orders acknowledged. It
// keeps no book; it says what the bench tells it to say and stamps what comes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/tls_listener.hpp"
#include "core/clock.hpp"
#include "core/ids.hpp"

namespace tranche::bench {

/// An order request as it came, and when its last byte was there in the clear.
struct OrderRequest {
    Nanos received;
    std::string body;
    /// Value of a parameter; empty without it.
    std::string value(std::string_view name) const;
};

class Peer {
public:
    Peer(const std::string& ca_path, const Clock& clock) : listener_{ca_path}, clock_{clock} {}

    std::uint16_t port() const { return listener_.port(); }
    /// Takes what came, and answers it.
    void poll();
    /// Both market streams, the user stream and `order_connections` others are there.
    bool complete(std::size_t order_connections) const;
    /// The user stream was opened.
    bool has_user() const { return user_ != nullptr; }

    void send_book(std::string_view symbol);
    void send_mark(std::string_view symbol);
    /// Returns when, right before the bytes were handed to TLS.
    Nanos send_liquidation(std::string_view symbol, Side forced);
    /// Over the user stream: the order has expired without a fill.
    void send_expiry(const OrderRequest& order);

    std::vector<OrderRequest> orders;
    std::size_t other_requests{};  // neither a placed order nor a ping
    std::string last_other;

private:
    enum class Use { undecided, stream, http };
    void serve(std::size_t at);
    void serve_http(TlsConnection& connection);
    void upgrade(std::size_t at, const std::string& head);
    void take_frames(TlsConnection& connection);
    void answer(TlsConnection& connection, std::string_view line, std::string body);
    void acknowledge(TlsConnection& connection, const OrderRequest& order);

    TlsListener listener_;
    const Clock& clock_;
    std::vector<Use> uses_;
    TlsConnection* signal_{};
    TlsConnection* marks_{};
    TlsConnection* user_{};
    std::int64_t next_id_{1};
};

}  // namespace tranche::bench
