#include "tools/storage_gate.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <string>

namespace tranche {
namespace {

constexpr Nanos too_old = seconds(2);
constexpr Nanos young_again = seconds(1);
constexpr std::size_t rows_a_turn = 32;

}  // namespace

StorageState storage_state(const StorageFacts& facts, StorageState before, Nanos now) {
    const bool was_bad = before != StorageState::current;
    const Nanos age = facts.oldest.count == 0 ? Nanos{} : now - facts.oldest;
    if (facts.lost) return StorageState::losing;
    if (facts.waiting * 10 >= facts.capacity * 9) return StorageState::nearly_full;
    if (facts.poisoned) return StorageState::poisoned;
    if (facts.waiting * 2 >= facts.capacity) return StorageState::half_full;
    if (before >= StorageState::half_full && facts.waiting * 4 >= facts.capacity) return before;
    if (facts.space_short) return StorageState::space_short;
    if (age > too_old || (was_bad && age > young_again)) return StorageState::slow;
    return StorageState::current;
}

std::string_view words_for(StorageState state) {
    switch (state) {
        case StorageState::current: return {};
        case StorageState::slow: return "database is slow: entries off until it has caught up";
        case StorageState::space_short: return "disk of the database nearly full: entries off";
        case StorageState::half_full: return "journal half full, database behind: entries off";
        case StorageState::poisoned: return "database cannot be written: entries off";
        case StorageState::nearly_full:
            return "journal 90 % full: entries off, market data is not kept";
        case StorageState::losing:
            return "journal was full, records were lost: entries off until all is written again";
    }
    return {};
}

std::optional<AccountNoticeKind> StorageGate::poll(const StorageFacts& facts, Nanos now) {
    state_ = storage_state(facts, state_, now);
    const bool close = state_ != StorageState::current;
    if (close == closed_) return std::nullopt;
    closed_ = close;
    return close ? AccountNoticeKind::storage_behind : AccountNoticeKind::storage_current;
}

void RowsAgain::poll(Nanos now) {
    if (!due() || journal_->room() < journal_->capacity() / 2) return;
    if (seen_ != journal_->lost()) {
        seen_ = journal_->lost();
        next_ = 0;
    }
    const std::size_t all = board_->tranches.size() + board_->orders.size();
    for (std::size_t i = 0; i < rows_a_turn && next_ < all; ++i) append_next(now);
    if (next_ < all || seen_ != journal_->lost()) return;
    tell(now);
    healed_ = journal_->lost();
}

/// Finished rows too, as far as the board still has them: their last state may be what was lost.
void RowsAgain::append_next(Nanos now) {
    Record record{};
    record.time = now;
    const std::size_t row = next_++;
    if (row < board_->tranches.size()) {
        record.kind = RecordKind::tranche;
        record.tranche = board_->tranches[row].read().tranche;
        if (record.tranche.id == no_tranche) return;
    } else {
        record.kind = RecordKind::order;
        record.order = board_->orders[row - board_->tranches.size()].read().order;
        if (record.order.id == ClientOrderId{}) return;
    }
    static_cast<void>(journal_->append(record));  // a refusal is a loss, which begins a new round
}

void RowsAgain::tell(Nanos now) {
    const std::uint64_t lost = seen_ - healed_;
    const std::string text = fmt::format(
        "{} records, {} of the market not kept; rows written again", lost, journal_->refused());
    Record record{};
    record.time = now;
    record.kind = RecordKind::alarm;
    record.alarm.kind = AlarmKind::records_lost;
    record.alarm.raised = true;
    record.alarm.symbol = no_symbol;
    record.alarm.value = static_cast<std::int64_t>(lost);
    std::memcpy(record.alarm.text.data(), text.data(),
                std::min(text.size(), record.alarm.text.size() - 1));
    static_cast<void>(journal_->append(record));
}

}  // namespace tranche
