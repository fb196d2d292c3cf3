// Who is connected by WebSocket and which frame goes to whom.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tools/exchange/control.hpp"

namespace tranche::exchange {

using SharedText = std::shared_ptr<const std::string>;

/// One WebSocket connection, as the hub sees it.
class Peer {
public:
    Peer() = default;
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    virtual ~Peer() = default;

    /// Queues one text frame; a peer that does not read is closed by its own limit.
    virtual void send(SharedText text) = 0;
    /// Frames queued and not yet written.
    [[nodiscard]] virtual std::size_t queued() const = 0;
    [[nodiscard]] virtual const Subscriptions& subscriptions() const = 0;
};

/// Does not own the peers: each joins when open and leaves before it ends.
class Hub {
public:
    void join(Peer& peer) { peers_.insert(&peer); }
    void leave(Peer& peer) { peers_.erase(&peer); }

    [[nodiscard]] bool wanted(std::string_view stream) const;
    /// Sends a payload to everybody who reads the stream, wrapped for combined connections.
    void deliver(std::string_view stream, const std::string& payload) const;
    /// Connections that read a stream.
    [[nodiscard]] std::vector<Peer*> readers(std::string_view stream) const;

private:
    std::set<Peer*> peers_;
};

}  // namespace tranche::exchange
