// Enumerators as the words that the API, the metrics and the page use.
#pragma once

#include <string_view>

#include "core/board.hpp"

namespace tranche {

std::string_view name_of(Verdict verdict);
std::string_view name_of(Mode mode);
std::string_view name_of(TrancheState state);
std::string_view name_of(OrderState state);
std::string_view name_of(OrderType type);
std::string_view name_of(CloseReason reason);
std::string_view name_of(AlarmKind kind);
std::string_view name_of(Role role);
std::string_view name_of(TimeInForce time_in_force);
/// BUY, SELL; LONG, SHORT.
std::string_view name_of(Side side);
std::string_view name_of(PositionSide side);
/// Status of a trade as the old API called it: NEW, PARTIALLY_FILLED, FILLED …
std::string_view trade_status(OrderState state);
/// One sentence for the operator: why the liquidation was not traded, or that it was.
std::string_view explain(Verdict verdict);
/// What an operator can do about an alarm; beside its own text, which says what happened.
std::string_view advice(AlarmKind kind);
/// True when trading only comes back once somebody resumes.
bool waits_for_operator(const EngineBoardRow& engine);

}  // namespace tranche
