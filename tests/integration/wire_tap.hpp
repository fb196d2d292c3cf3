// Stands between a program and its peer on loopback and keeps every byte the program sends.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace tranche::integration {

class WireTap {
public:
    /// Passes connections on to 127.0.0.1:`target`; throws when it cannot listen.
    explicit WireTap(std::uint16_t target);
    ~WireTap();
    WireTap(const WireTap&) = delete;
    WireTap& operator=(const WireTap&) = delete;

    std::uint16_t port() const { return port_; }
    /// All bytes from the program so far, each connection's after the other's.
    std::string sent() const;

private:
    void accept_all();
    void carry(int client, std::string& heard);

    std::uint16_t target_;
    std::uint16_t port_{};
    int listener_{-1};
    std::atomic<bool> stopping_{};
    mutable std::mutex mutex_;
    std::deque<std::string> heard_;
    std::deque<std::thread> carriers_;
    std::thread acceptor_;
};

}  // namespace tranche::integration
