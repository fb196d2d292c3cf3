// Answers that are not what the exchange decided.
#pragma once

#include "tools/exchange/api.hpp"
#include "tools/exchange/faults.hpp"

namespace tranche::exchange {

/// An answer without anybody having executed the call; nothing if the fate has none.
/// `ban_s`: what a 418 says of its end.
std::optional<Answer> instead_of(const RequestFate& fate, std::int64_t now_ms, std::int64_t ban_s);

/// Changes the answer to an executed call as its fate wants it.
void deform(const RequestFate& fate, Answer& answer);

}  // namespace tranche::exchange
