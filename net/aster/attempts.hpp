// Under which nonce an order was sent: what a noop must name to void it. Source:
// reliability-model.md §2.2, step 4; exchange-protocol.md §11.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/ids.hpp"

namespace tranche::aster {

/// The newest attempts, one an order. One thread; never allocates.
class Attempts {
public:
    /// More orders than one nonce window of the exchange (±10 s) sees.
    static constexpr std::size_t capacity = 1024;

    /// An order leaves under `nonce`. Of one that leaves again, nothing had left before.
    void note(const ClientOrderId& id, std::uint64_t nonce) {
        entries_[next_++ % capacity] = {id, nonce};
    }

    /// 0 for an order that is not remembered. Linear from the newest on: asked for seldom.
    std::uint64_t find(const ClientOrderId& id) const {
        const std::size_t held = next_ < capacity ? next_ : capacity;
        for (std::size_t back = 1; back <= held; ++back) {
            const Entry& entry = entries_[(next_ - back) % capacity];
            if (entry.id == id) return entry.nonce;
        }
        return 0;
    }

private:
    struct Entry {
        ClientOrderId id;
        std::uint64_t nonce{};
    };
    std::array<Entry, capacity> entries_{};
    std::size_t next_{};
};

}  // namespace tranche::aster
