// Where conditional orders live apart (Binance): which of ours have fired. A fired order is an
// order of the matching engine with an id of its own, and is asked for and cancelled there.
// Source: exchange-protocol.md §13.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/messages.hpp"

namespace tranche::aster {

/// What answers have said about the newest conditional orders. One thread; never allocates.
class AlgoOrders {
public:
    /// More than a venue lets one account have.
    static constexpr std::size_t capacity = 512;

    /// An answer named the order `algo_id`, and `order_id` once it had fired (else 0).
    void note(const ClientOrderId& id, std::int64_t algo_id, std::int64_t order_id) {
        Entry* entry = find(id);
        if (entry == nullptr) {
            entry = &entries_[next_++ % capacity];
            *entry = {id, 0, 0};
        }
        if (algo_id != 0) entry->algo_id = algo_id;
        if (order_id != 0) entry->order_id = order_id;
    }

    /// `command` as it must be sent: about the order that came of it where it is known to have
    /// fired. The engine's id of an order is the newest it was told, so one that is not the algo
    /// service's is that of the order.
    Command translated(const Command& command) {
        const bool names_one =
            command.kind == CommandKind::cancel || command.kind == CommandKind::query;
        if (!names_one || !is_conditional(command.type)) return command;
        const Entry* entry = command.id == ClientOrderId{} ? nullptr : find(command.id);
        if (entry == nullptr || entry->algo_id == 0) return command;
        const bool told = command.order_id != 0 && command.order_id != entry->algo_id;
        const std::int64_t order_id = told ? command.order_id : entry->order_id;
        if (order_id == 0) return command;
        Command fired = command;
        fired.id = {};
        fired.order_id = order_id;
        fired.type = OrderType::market;
        return fired;
    }

private:
    struct Entry {
        ClientOrderId id;
        std::int64_t algo_id{};
        std::int64_t order_id{};
    };
    Entry* find(const ClientOrderId& id) {
        for (Entry& entry : entries_)
            if (entry.id == id) return &entry;
        return nullptr;
    }

    std::array<Entry, capacity> entries_{};
    std::size_t next_{};
};

}  // namespace tranche::aster
