// Plays recorded frames to every connection that reads the liquidations of all symbols.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>

#include "tools/exchange/hub.hpp"
#include "tools/exchange/options.hpp"
#include "tools/exchange/recording.hpp"
#include "tools/exchange/venue.hpp"

namespace tranche::exchange {

/// Starts once the first reader has been there for a second. Never drops a frame: when a reader's
/// queue is full everybody waits for it.
class Player {
public:
    /// Frames that may wait in a reader's queue.
    static constexpr std::size_t window = 256;

    Player(boost::asio::io_context& io, const Hub& hub, Venue& venue, const Recording& recording,
           Speed speed)
        : hub_{hub}, venue_{venue}, recording_{recording}, speed_{speed}, timer_{io} {}

    /// Called every tick of the server; notices the first reader and later drained queues.
    void poll(std::int64_t now_ms);

private:
    void pump(std::int64_t now_ms);
    bool send_next(std::int64_t now_ms);
    void wait_for(std::int64_t gap_us);

    const Hub& hub_;
    Venue& venue_;
    const Recording& recording_;
    Speed speed_;
    boost::asio::steady_timer timer_;
    std::size_t next_{};
    std::int64_t reader_since_ms_{};
    bool waiting_{};  // for the time of the next frame
    bool finished_{};
};

}  // namespace tranche::exchange
