#include "tools/exchange/order_store.hpp"

#include <algorithm>
#include <charconv>

namespace tranche::exchange {
namespace {

std::uint64_t hash_of(OrderId id) {
    return mix(static_cast<std::uint64_t>(id));
}

/// The id that the venue gives to an order without one.
ClientText made_up(OrderId id) {
    std::array<char, ClientText::capacity> text{'a', 'u', 't', 'o', '-'};
    const auto [end, error] =
        std::to_chars(text.data() + 5, text.data() + text.size(), hash_of(id), 16);
    return ClientText{std::string_view{text.data(), static_cast<std::size_t>(end - text.data())}};
}

}  // namespace

void OrderTable::insert(std::uint64_t hash, Order* order) {
    if ((used_ + 1) * 2 > buckets_.size()) grow();
    std::size_t at = hash & mask();
    while (buckets_[at].order != nullptr) at = (at + 1) & mask();
    buckets_[at] = {hash, order};
    ++used_;
}

std::size_t OrderTable::place_of(std::uint64_t hash, const Order* order) const {
    std::size_t at = hash & mask();
    while (buckets_[at].order != order) at = (at + 1) & mask();
    return at;
}

void OrderTable::replace(std::uint64_t hash, const Order* before, Order* after) {
    buckets_[place_of(hash, before)].order = after;
}

void OrderTable::erase(std::uint64_t hash, const Order* order) {
    std::size_t hole = place_of(hash, order);
    // What follows without a gap may belong before the hole.
    for (std::size_t at = (hole + 1) & mask(); buckets_[at].order != nullptr;
         at = (at + 1) & mask()) {
        const std::size_t home = buckets_[at].hash & mask();
        if (((at - home) & mask()) < ((at - hole) & mask())) continue;
        buckets_[hole] = buckets_[at];
        hole = at;
    }
    buckets_[hole] = {};
    --used_;
}

void OrderTable::grow() {
    std::vector<Bucket> before(buckets_.size() * 2);
    before.swap(buckets_);
    used_ = 0;
    for (const Bucket& bucket : before)
        if (bucket.order != nullptr) insert(bucket.hash, bucket.order);
}

OrderStore::OrderStore(std::size_t finished_kept)
    : finished_kept_{finished_kept == 0 ? 0 : std::max(finished_kept, least_kept)} {
    ended_.reserve(finished_kept_);
}

Order& OrderStore::place() {
    if (!free_.empty()) {
        Order& order = *free_.back();
        free_.pop_back();
        return order;
    }
    if (placed_ == chunks_.size() * chunk_size) {
        chunks_.push_back(std::make_unique<Chunk>());
        if (finished_kept_ > 0) free_.reserve(chunks_.size() * chunk_size);
    }
    Order& order = (*chunks_[placed_ / chunk_size])[placed_ % chunk_size];
    ++placed_;
    return order;
}

Order& OrderStore::create(const NewOrder& terms, std::int64_t now_ms) {
    Order& order = place();
    order = Order{};
    order.id = ++next_id_;
    order.terms = terms;
    order.original_type = terms.type;
    order.time_ms = order.update_ms = now_ms;
    if (terms.client_id.empty()) order.terms.client_id = made_up(order.id);
    by_id_.insert(hash_of(order.id), &order);
    const std::uint64_t hash = order.terms.client_id.hash();
    order.earlier = by_client_id_.find(hash, [&order](const Order& other) {
        return other.terms.client_id == order.terms.client_id;
    });
    // What comes of a conditional order that has fired goes on under its client id.
    const bool goes_on =
        order.earlier != nullptr && order.earlier->waiting() && order.earlier->triggered;
    order.rank = order.earlier == nullptr ? 1 : order.earlier->rank + (goes_on ? 0 : 1);
    if (order.earlier == nullptr)
        by_client_id_.insert(hash, &order);
    else
        by_client_id_.replace(hash, order.earlier, &order);
    most_ = std::max(most_, static_cast<std::int64_t>(order.rank));
    if (order.rank > 1 && !goes_on) ++duplicates_;
    return order;
}

void OrderStore::ended(Order& order) {
    if (finished_kept_ == 0) return;
    if (ended_.size() < finished_kept_) return ended_.push_back(&order);
    forget(*ended_[oldest_]);
    ended_[oldest_] = &order;
    oldest_ = (oldest_ + 1) % finished_kept_;
}

void OrderStore::forget(Order& order) {
    by_id_.erase(hash_of(order.id), &order);
    const std::uint64_t hash = order.terms.client_id.hash();
    Order* newer = newest(order.terms.client_id);
    if (newer == &order) {
        if (order.earlier == nullptr)
            by_client_id_.erase(hash, &order);
        else
            by_client_id_.replace(hash, &order, order.earlier);
    } else {
        while (newer->earlier != &order) newer = newer->earlier;
        newer->earlier = order.earlier;
    }
    order.id = 0;
    free_.push_back(&order);
}

Order* OrderStore::find(OrderId id) const {
    return by_id_.find(hash_of(id), [id](const Order& order) { return order.id == id; });
}

Order* OrderStore::newest(const ClientText& client_id) const {
    return by_client_id_.find(client_id.hash(), [&client_id](const Order& order) {
        return order.terms.client_id == client_id;
    });
}

std::vector<const Order*> OrderStore::all() const {
    std::vector<const Order*> orders;
    for (std::size_t at = 0; at < placed_; ++at) {
        const Order& order = (*chunks_[at / chunk_size])[at % chunk_size];
        if (order.id != 0) orders.push_back(&order);
    }
    std::sort(orders.begin(), orders.end(),
              [](const Order* a, const Order* b) { return a->id < b->id; });
    return orders;
}

}  // namespace tranche::exchange
