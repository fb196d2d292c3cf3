#include "tools/exchange/player.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fmt/format.h>

#include "tools/exchange/wall_clock.hpp"

namespace tranche::exchange {
namespace {

constexpr std::string_view liquidations = "!forceOrder@arr";
constexpr std::int64_t settle_ms = 1000;

}  // namespace

void Player::poll(std::int64_t now_ms) {
    if (finished_ || waiting_ || recording_.frames.empty()) return;
    if (!hub_.wanted(liquidations)) {
        if (next_ == 0) reader_since_ms_ = 0;
        return;
    }
    if (reader_since_ms_ == 0) reader_since_ms_ = now_ms;
    if (now_ms - reader_since_ms_ >= settle_ms) pump(now_ms);
}

bool Player::send_next(std::int64_t now_ms) {
    const std::vector<Peer*> readers = hub_.readers(liquidations);
    const bool room = std::all_of(readers.begin(), readers.end(),
                                  [](const Peer* peer) { return peer->queued() < window; });
    if (readers.empty() || !room) return false;
    const RecordedFrame& frame = recording_.frames[next_++];
    const auto text = std::make_shared<const std::string>(frame.text);
    for (Peer* peer : readers) peer->send(text);
    venue_.observe(frame.text, now_ms);
    if (next_ < recording_.frames.size()) return true;
    finished_ = true;
    fmt::print("recording finished: {} frames to {} connections\n", next_, readers.size());
    std::fflush(stdout);
    return false;
}

void Player::pump(std::int64_t now_ms) {
    while (send_next(now_ms)) {
        const std::int64_t gap_us = recording_.frames[next_].gap_us;
        if (!speed_.max && gap_us > 0) return wait_for(gap_us);
    }
}

void Player::wait_for(std::int64_t gap_us) {
    const double wait_us = static_cast<double>(gap_us) / speed_.factor;
    waiting_ = true;
    // From the last deadline, not from now: delays must not add up over a recording.
    const auto gap = std::chrono::microseconds{static_cast<std::int64_t>(wait_us)};
    const auto now = std::chrono::steady_clock::now();
    const auto due = std::max(timer_.expiry() + gap, now - std::chrono::seconds{1});
    timer_.expires_at(next_ == 1 ? now + gap : due);
    timer_.async_wait([this](const boost::system::error_code& error) {
        waiting_ = false;
        if (!error) pump(wall_clock_us() / 1000);
    });
}

}  // namespace tranche::exchange
