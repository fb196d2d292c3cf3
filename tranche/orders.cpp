#include "tranche/orders.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "core/canary.hpp"
#include "core/require.hpp"
#include "tranche/mix.hpp"

namespace tranche {

namespace {

/// As new, but for the row's end: nobody writes there, so its lines are not touched.
void reset(Order& order) {
    std::memset(static_cast<void*>(&order), 0, Order::used_bytes);
    order.tranche = order.next_leg = order.next_entry = order.previous_entry = no_slot;
}

}  // namespace

OrderTable::OrderTable(std::size_t capacity)
    : orders_(capacity), buckets_(std::bit_ceil(capacity * 2), no_slot) {
    free_.reserve(capacity);
    for (std::size_t i = capacity; i-- > 0;) free_.push_back(static_cast<OrderSlot>(i));
}

std::size_t OrderTable::home(const ClientOrderId& id) const {
    // The orders of a tranche lie in half a line, and those of the next one follow: what is made
    // next is near what was made last, however large the table is.
    constexpr std::uint64_t each = 8;
    constexpr std::uint64_t roles = 5;
    const auto role = static_cast<std::uint64_t>(id.role);
    const auto tranche = static_cast<std::uint64_t>(id.tranche);
    const std::uint64_t block = id.role == Role::backstop ? id.generation : tranche;
    const std::uint64_t start = mix(std::uint64_t{id.epoch} << 16 | id.instance);
    return (start + block * each + (role + roles * id.generation) % each) & (buckets_.size() - 1);
}

OrderSlot OrderTable::create(const ClientOrderId& id) {
    if (free_.empty()) {
        require(find(id) == no_slot, "a client order id is used once");
        return no_slot;
    }
    const std::size_t mask = buckets_.size() - 1;
    std::size_t bucket = home(id);
    for (; buckets_[bucket] != no_slot; bucket = (bucket + 1) & mask)
        require(orders_[buckets_[bucket]].row.id != id, "a client order id is used once");
    const OrderSlot slot = free_.back();
    free_.pop_back();
    Order& order = orders_[slot];
    reset(order);
    order.row.id = id;
    order.live = true;
    buckets_[bucket] = slot;
    highest_ = std::max<std::size_t>(highest_, slot + 1U);
    ++used_;
    return slot;
}

OrderSlot OrderTable::find(const ClientOrderId& id) const {
    for (std::size_t bucket = home(id); buckets_[bucket] != no_slot;
         bucket = (bucket + 1) & (buckets_.size() - 1)) {
        const Order& order = orders_[buckets_[bucket]];
        __builtin_prefetch(&order);  // an order that is looked up is used whole
        if (order.row.id == id) return buckets_[bucket];
    }
    return no_slot;
}

void OrderTable::release(OrderSlot slot) {
    require(orders_[slot].live, "an order is released once");
    std::size_t bucket = home(orders_[slot].row.id);
    while (buckets_[bucket] != slot) bucket = (bucket + 1) & (buckets_.size() - 1);
    unlink(bucket);
    orders_[slot].live = false;
    free_.push_back(slot);
    --used_;
}

void OrderTable::unlink(std::size_t bucket) {
    // Linear probing without tombstones: followers that would become unreachable move back.
    const std::size_t mask = buckets_.size() - 1;
    std::size_t hole = bucket;
    for (std::size_t next = (hole + 1) & mask; buckets_[next] != no_slot;
         next = (next + 1) & mask) {
        const std::size_t wanted = home(orders_[buckets_[next]].row.id);
        if (((next - wanted) & mask) < ((next - hole) & mask)) continue;
        buckets_[hole] = buckets_[next];
        hole = next;
    }
    buckets_[hole] = no_slot;
}

SeenTrades::SeenTrades(std::size_t capacity)
    : order_(capacity), buckets_(std::bit_ceil(capacity * 2)) {}

std::size_t SeenTrades::home(const Key& key) const {
    return mix(static_cast<std::uint64_t>(key.trade_id), static_cast<std::uint64_t>(key.symbol)) &
           (buckets_.size() - 1);
}

bool SeenTrades::contains(const Key& key) const {
    for (std::size_t bucket = home(key); buckets_[bucket].trade_id != -1;
         bucket = (bucket + 1) & (buckets_.size() - 1))
        if (buckets_[bucket] == key) return true;
    return false;
}

void SeenTrades::forget(const Key& key) {
    const std::size_t mask = buckets_.size() - 1;
    std::size_t hole = home(key);
    while (!(buckets_[hole] == key)) hole = (hole + 1) & mask;
    for (std::size_t next = (hole + 1) & mask; buckets_[next].trade_id != -1;
         next = (next + 1) & mask) {
        if (((next - home(buckets_[next])) & mask) < ((next - hole) & mask)) continue;
        buckets_[hole] = buckets_[next];
        hole = next;
    }
    buckets_[hole] = Key{};
}

bool SeenTrades::seen_before(SymbolId symbol, std::int64_t trade_id) {
    const Key key{trade_id, symbol};
    if (planted(Canary::forget_trades)) return std::exchange(order_[0], key) == key;
    if (contains(key)) return true;
    Key& oldest = order_[next_];
    if (oldest.trade_id != -1) forget(oldest);
    oldest = key;
    if (++next_ == order_.size()) next_ = 0;
    std::size_t bucket = home(key);
    while (buckets_[bucket].trade_id != -1) bucket = (bucket + 1) & (buckets_.size() - 1);
    buckets_[bucket] = key;
    return false;
}

}  // namespace tranche
