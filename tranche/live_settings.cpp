#include "tranche/live_settings.hpp"

namespace tranche {
namespace {

bool apply_global(EngineSettings& settings, LiveSetting which, std::int64_t value) {
    switch (which) {
        case LiveSetting::tranche_increment:
            if (value == 0) return false;
            settings.tranche.increment = {value};
            return true;
        case LiveSetting::max_tranches_per_side:
            if (value < 1 || value > 50) return false;
            settings.tranche.max_per_side = static_cast<std::uint16_t>(value);
            return true;
        case LiveSetting::max_total_exposure:
            settings.entry.max_total_exposure = {value};
            return true;
        case LiveSetting::trigger_cooldown: settings.window.cooldown = {value}; return true;
        case LiveSetting::tranche_merge_pnl:
        case LiveSetting::threshold_long:
        case LiveSetting::threshold_short:
        case LiveSetting::trade_value:
        case LiveSetting::max_position: break;
    }
    return false;
}

bool apply_to_symbol(SymbolSettings& settings, LiveSetting which, std::int64_t value) {
    switch (which) {
        case LiveSetting::threshold_long: settings.threshold_long = value; return true;
        case LiveSetting::threshold_short: settings.threshold_short = value; return true;
        case LiveSetting::trade_value: settings.trade_value = {value}; return true;
        case LiveSetting::max_position: settings.max_position = {value}; return true;
        case LiveSetting::tranche_increment:
        case LiveSetting::tranche_merge_pnl:
        case LiveSetting::max_tranches_per_side:
        case LiveSetting::max_total_exposure:
        case LiveSetting::trigger_cooldown: break;
    }
    return false;
}

}  // namespace

void apply_setting(EngineState& state, const Control& control, SymbolId symbol, Outbox& out) {
    const bool global = control.setting < LiveSetting::threshold_long;
    bool done = false;
    if (control.setting == LiveSetting::tranche_merge_pnl) {  // the only one below zero
        done = control.value * 2 >= -state.settings.tranche.increment.raw;
        if (done) state.settings.tranche.merge_pnl = {control.value};
        for (SymbolState& each : state.symbols)
            for (SideBook& side : each.sides) side.merge_from = {};
    } else if (control.value >= 0 && global) {
        done = apply_global(state.settings, control.setting, control.value);
    } else if (control.value >= 0 && index(symbol) < state.symbols.size()) {
        done = apply_to_symbol(state.symbol(symbol).settings, control.setting, control.value);
    }
    if (!done)
        record_alarm(state, AlarmKind::control_refused, true, symbol, no_tranche, control.value,
                     "this setting does not take that value", out);
}

}  // namespace tranche
