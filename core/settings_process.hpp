// The sections of the settings that say how the process runs rather than how it trades.
#pragma once

#include <cstdint>

#include "core/settings.hpp"
#include "core/settings_section.hpp"

namespace tranche {

/// Each reads one section (null when it is absent), fills in the defaults that depend on other
/// keys, and adds a line to `findings` for each problem. Source of the keys: interfaces.md.
/// `engine` gets what of it concerns the engine.
void read_exchange(const JsonValue* value, Findings& findings, ExchangeSettings& exchange,
                   EngineSettings& engine);
void read_pipeline(const JsonValue* value, Findings& findings, PipelineSettings& pipeline);
/// `on_paper`: paper mode has a default database of its own, so that it never meets real money's.
void read_storage(const JsonValue* value, Findings& findings, bool on_paper,
                  StorageSettings& storage);
void read_paper(const JsonValue* value, Findings& findings, PaperSettings& paper);
void read_status(const JsonValue* value, Findings& findings, StatusSettings& status);

}  // namespace tranche
