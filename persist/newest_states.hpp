// Which record of a batch has the newest state of an order or a tranche: the rows in between are
// never seen by anybody, because the batch becomes visible at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/messages.hpp"

namespace tranche {

class NewestStates {
public:
    struct State {
        std::uint32_t newest{};  // place in the batch
        bool written{};          // its row has that state
    };

    /// Takes all its memory now.
    explicit NewestStates(std::size_t largest_batch);

    /// Forgets the batch before.
    void clear() { ++batch_; }
    /// Batch in order, each place once. Other kinds than orders and tranches are left alone.
    void note(const Record& record, std::uint32_t place);
    /// The noted state of the record's row.
    State& of(const Record& record);

    static constexpr bool has_states(const Record& record) {
        return record.kind == RecordKind::order || record.kind == RecordKind::tranche;
    }

private:
    struct Key {
        std::uint64_t high{};
        std::uint64_t low{};
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct Slot {
        Key key;
        State state;
        std::uint64_t batch{};  // used in this one, else free
    };
    static Key key_of(const Record& record);
    Slot& slot_of(const Key& key);

    std::vector<Slot> slots_;
    std::uint64_t batch_{1};
};

}  // namespace tranche
