#include "persist/newest_states.hpp"

#include <bit>

namespace tranche {

NewestStates::NewestStates(std::size_t largest_batch) : slots_(2 * std::bit_ceil(largest_batch)) {}

/// No order has the high half of a tranche: its installation is below 1024.
NewestStates::Key NewestStates::key_of(const Record& record) {
    Key key{UINT64_MAX, 0};
    if (record.kind == RecordKind::tranche)
        key.low = static_cast<std::uint32_t>(record.tranche.id);
    else
        std::memcpy(static_cast<void*>(&key), &record.order.id, sizeof key);
    return key;
}

/// At most half of the slots are in use, so a free one is near.
NewestStates::Slot& NewestStates::slot_of(const Key& key) {
    constexpr std::uint64_t spread = 0x9e37'79b9'7f4a'7c15;
    const std::uint64_t hash = (key.high ^ std::rotl(key.low, 29)) * spread;
    for (std::size_t at = hash >> 32;; ++at) {
        Slot& slot = slots_[at & (slots_.size() - 1)];
        if (slot.batch != batch_ || slot.key == key) return slot;
    }
}

void NewestStates::note(const Record& record, std::uint32_t place) {
    if (!has_states(record)) return;
    const Key key = key_of(record);
    Slot& slot = slot_of(key);
    slot = {key, {place, false}, batch_};
}

NewestStates::State& NewestStates::of(const Record& record) {
    return slot_of(key_of(record)).state;
}

}  // namespace tranche
