// All live orders of ours: a fixed table with look-up by client order id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/large_table.hpp"
#include "core/ring.hpp"
#include "core/rows.hpp"

namespace tranche {

using OrderSlot = std::uint32_t;
using TrancheSlot = std::uint32_t;
inline constexpr std::uint32_t no_slot = UINT32_MAX;

/// Whether a limit order is being changed in place.
enum class Replacing : std::uint8_t {
    no,
    under_way,
    doubted,  // without a verdict: asked about
    refused,  // once, and so never again
    lost,     // it was not seen to come, and still could
};

/// One order and what we still owe it. What most events touch fills the first three lines: our
/// part, then the row, the end of which nothing uses.
struct alignas(cache_line) Order {
    static const std::size_t used_bytes;  // what comes before the end that nothing uses

    TrancheSlot tranche{no_slot};
    std::uint32_t seen_in_snapshot{};
    Quantity attributed;  // filled quantity already given to the tranche; `row.filled` is all
    Nanos state_since;
    Nanos first_absent;
    Nanos asked;                // newest question about it
    std::uint64_t void_before;  // commands from here on were sent when its attempt was void; or 0
    std::uint8_t questions{};
    std::uint8_t absent_answers{};
    bool cancel_wanted{};  // cancel as soon as it is known to exist
    bool cancel_in_flight{};
    bool question_wanted{};  // put off: the event at hand had said enough
    bool cancel_refused{};   // the last one found nothing: the answer to a question decides
    bool live{};             // slot in use
    bool unshown{};          // since the board was written
    Replacing replacing{};
    bool attached{};  // an exit that left with its entry
    OrderSlot next_leg{
        no_slot};       // while that entry lives: entry, take-profit, stop and round again
    Notional reserved;  // margin set aside for the unfilled part of an entry
    OrderSlot next_entry{no_slot};  // among the live entries of its symbol
    OrderSlot previous_entry{no_slot};
    OrderRow row;
};
inline constexpr std::size_t Order::used_bytes =
    offsetof(Order, row) + offsetof(OrderRow, reserved);
static_assert(Order::used_bytes <= 3 * cache_line,
              "placing an order and looking it up touch three lines");

/// Fixed capacity; slots of final orders stay readable until `release`, so that late events find
/// them. Look-up is one hash and nearly always one comparison.
class OrderTable {
public:
    explicit OrderTable(std::size_t capacity);

    /// A zeroed slot for `id`, or `no_slot` when the table is full. `id` must be new.
    OrderSlot create(const ClientOrderId& id);

    /// `no_slot` when no order of that id is held.
    OrderSlot find(const ClientOrderId& id) const;

    /// Forgets a final order.
    void release(OrderSlot slot);

    /// Where the order after the next `ahead` ones will be put; `no_slot` when the table is nearly
    /// full.
    OrderSlot next_free(std::size_t ahead) const {
        return ahead < free_.size() ? free_[free_.size() - 1 - ahead] : no_slot;
    }

    /// Asks for the line that `find` looks at first.
    [[gnu::always_inline]] void prefetch(const ClientOrderId& id) const {
        __builtin_prefetch(&buckets_[home(id)]);
    }

    Order& operator[](OrderSlot slot) { return orders_[slot]; }
    const Order& operator[](OrderSlot slot) const { return orders_[slot]; }

    /// Slots ever used lie below this; those in use have `live`.
    std::size_t highest() const { return highest_; }
    std::size_t used() const { return used_; }
    std::size_t capacity() const { return orders_.size(); }

private:
    std::size_t home(const ClientOrderId& id) const;
    void unlink(std::size_t bucket);

    LargeTable<Order> orders_;
    LargeTable<OrderSlot> buckets_;
    std::vector<OrderSlot> free_;
    std::size_t highest_{};
    std::size_t used_{};
};

/// Trade ids already counted, by symbol; a fixed number of the newest.
class SeenTrades {
public:
    explicit SeenTrades(std::size_t capacity);

    /// True when it was there already; otherwise it is remembered.
    bool seen_before(SymbolId symbol, std::int64_t trade_id);
    /// The same without remembering.
    bool knows(SymbolId symbol, std::int64_t trade_id) const {
        return contains({trade_id, symbol});
    }

    /// Asks for the lines that `seen_before` looks at first.
    [[gnu::always_inline]] void prefetch(SymbolId symbol, std::int64_t trade_id) const {
        __builtin_prefetch(&buckets_[home({trade_id, symbol})], 1);
        __builtin_prefetch(&order_[next_], 1);
    }

private:
    struct Key {
        std::int64_t trade_id{-1};
        SymbolId symbol{no_symbol};
        friend bool operator==(const Key&, const Key&) = default;
    };
    std::size_t home(const Key& key) const;
    bool contains(const Key& key) const;
    void forget(const Key& key);

    LargeTable<Key> order_;    // oldest first, a ring
    LargeTable<Key> buckets_;  // open addressing
    std::size_t next_{};
};

}  // namespace tranche
