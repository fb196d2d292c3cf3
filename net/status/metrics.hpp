// Prometheus text, made from the same picture as the JSON. Prefix `tranche_`, base units.
#pragma once

#include <string>

#include "net/status/answers.hpp"

namespace tranche {

/// The whole exposition, text format 0.0.4.
std::string metrics_text(const AnswerContext& context);

}  // namespace tranche
