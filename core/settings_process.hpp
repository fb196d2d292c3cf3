// The sections of the settings that say how the process runs rather than how it trades.
#pragma once

#include <cstdint>

#include "core/settings.hpp"
#include "core/settings_section.hpp"

namespace tranche {

/// Each reads one section (null when it is absent), fills in the defaults that depend on other
/// keys, and adds a line to `findings` for each problem. Source of the keys: interfaces.md.
void read_exchange(const JsonValue* value, Findings& findings, ExchangeSettings& exchange,
                   std::uint16_t& instance);
void read_pipeline(const JsonValue* value, Findings& findings, PipelineSettings& pipeline);
void read_storage(const JsonValue* value, Findings& findings, StorageSettings& storage);
void read_status(const JsonValue* value, Findings& findings, StatusSettings& status);

}  // namespace tranche
