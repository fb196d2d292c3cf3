// All orders of the venue: places that never move, found by id and by client id without heap.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tools/exchange/order.hpp"

namespace tranche::exchange {

/// Open addressing from a hash to an order; the caller knows what equal means.
class OrderTable {
public:
    OrderTable() : buckets_(1024) {}

    template <class Equal> [[nodiscard]] Order* find(std::uint64_t hash, Equal equal) const {
        for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
            const Bucket& bucket = buckets_[at];
            if (bucket.order == nullptr) return nullptr;
            if (bucket.hash == hash && equal(*bucket.order)) return bucket.order;
        }
    }
    void insert(std::uint64_t hash, Order* order);
    /// Both must be there.
    void replace(std::uint64_t hash, const Order* before, Order* after);
    void erase(std::uint64_t hash, const Order* order);

private:
    struct Bucket {
        std::uint64_t hash{};
        Order* order{};
    };
    [[nodiscard]] std::size_t mask() const { return buckets_.size() - 1; }
    [[nodiscard]] std::size_t place_of(std::uint64_t hash, const Order* order) const;
    void grow();

    std::vector<Bucket> buckets_;  // a power of two, at most half full
    std::size_t used_{};
};

/// Owns the orders. With a limit, orders that ended long ago are forgotten and their places used
/// again, so that memory stays flat; without one everything is remembered.
class OrderStore {
public:
    /// More than can end in one step of a symbol, so that nothing in use is forgotten.
    static constexpr std::size_t least_kept = 1024;

    /// `finished_kept`: how many ended orders are remembered, at least `least_kept`; 0: all.
    explicit OrderStore(std::size_t finished_kept);

    /// A new order with the next id.
    Order& create(const NewOrder& terms, std::int64_t now_ms);
    /// An order of an earlier run under the id it had.
    Order& put_back(const NewOrder& terms, OrderId id, std::int64_t time_ms);
    /// The next id is larger than `newest`; before the first order.
    void number_from(OrderId newest) { first_id_ = next_id_ = newest; }
    /// To be told once when an order has ended.
    void ended(Order& order);

    [[nodiscard]] Order* find(OrderId id) const;
    /// The newest that carries this client id; `earlier` leads to the others.
    [[nodiscard]] Order* newest(const ClientText& client_id) const;
    /// By id. Copies pointers: for cold callers.
    [[nodiscard]] std::vector<const Order*> all() const;

    /// How many were ever created.
    [[nodiscard]] std::int64_t created() const { return next_id_ - first_id_; }
    /// How often the most used client id was accepted, and how many orders reused one.
    [[nodiscard]] std::int64_t most_of_one_id() const { return most_; }
    [[nodiscard]] std::int64_t duplicates() const { return duplicates_; }

private:
    static constexpr std::size_t chunk_size = 256;
    using Chunk = std::array<Order, chunk_size>;

    Order& place();
    void forget(Order& order);

    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::size_t placed_{};  // places of the chunks that are or were in use
    std::vector<Order*> free_;
    OrderTable by_id_, by_client_id_;
    std::vector<Order*> ended_;  // a ring of `finished_kept`, oldest at `oldest_` once full
    std::size_t finished_kept_, oldest_{};
    OrderId first_id_{17'338'000'000}, next_id_{first_id_};
    std::int64_t most_{}, duplicates_{};
};

}  // namespace tranche::exchange
