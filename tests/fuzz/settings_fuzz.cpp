// Any text is either refused with a reason or gives settings that keep their promises.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/settings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tranche;
    const auto settings = load_settings({reinterpret_cast<const char*>(data), size});
    if (!settings) {
        require(!settings.error().message.empty(), "a refusal says why");
        return 0;
    }
    require(settings.value().engine.window.span.count > 0, "a window has a span");
    for (const SymbolSettings& symbol : settings.value().engine.symbols)
        require(symbol.leverage >= 1, "a leverage is at least 1");
    return 0;
}
