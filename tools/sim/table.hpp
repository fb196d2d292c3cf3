// Where something with a number is: open addressing, no allocation but to grow.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "tools/sim/random.hpp"

namespace tranche::sim {

/// Key → place. Keys are 128 bits wide and never all zero; nothing is ever taken out.
class IdTable {
public:
    static constexpr std::uint32_t nowhere = 0xffff'ffff;

    struct Key {
        std::uint64_t high{};
        std::uint64_t low{};
        friend bool operator==(const Key&, const Key&) = default;
    };
    static Key key(const ClientOrderId& id) {
        return {std::uint64_t{id.epoch} << 32 | static_cast<std::uint32_t>(id.tranche),
                std::uint64_t{id.instance} << 48 | std::uint64_t{1} << 40 |
                    std::uint64_t{static_cast<std::uint8_t>(id.role)} << 32 | id.generation};
    }
    static Key key(std::uint64_t a, std::uint64_t b) { return {a, b | std::uint64_t{1} << 63}; }

    explicit IdTable(std::size_t capacity = 1024) : slots_(capacity) {}

    std::uint32_t find(const Key& wanted) const {
        for (std::size_t i = home(wanted);; i = next(i)) {
            if (slots_[i].place == nowhere) return nowhere;
            if (slots_[i].key == wanted) return slots_[i].place;
        }
    }
    /// The key must not be there.
    void add(const Key& fresh, std::uint32_t place) {
        if (2 * (count_ + 1) > slots_.size()) grow();
        put(fresh, place);
        ++count_;
    }
    std::size_t size() const { return count_; }

private:
    struct Slot {
        Key key;
        std::uint32_t place{nowhere};
    };
    std::size_t home(const Key& wanted) const {
        return mix(wanted.high ^ mix(wanted.low)) & (slots_.size() - 1);
    }
    std::size_t next(std::size_t i) const { return (i + 1) & (slots_.size() - 1); }
    void put(const Key& fresh, std::uint32_t place) {
        std::size_t i = home(fresh);
        while (slots_[i].place != nowhere) i = next(i);
        slots_[i] = {fresh, place};
    }
    void grow() {
        std::vector<Slot> old(slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& slot : old)
            if (slot.place != nowhere) put(slot.key, slot.place);
    }

    std::vector<Slot> slots_;
    std::size_t count_{};
};

}  // namespace tranche::sim
