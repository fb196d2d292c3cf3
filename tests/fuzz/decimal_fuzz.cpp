// What is read as a decimal is written back as the same number, and never rounded.
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/numbers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tranche;
    const auto raw = parse_decimal({reinterpret_cast<const char*>(data), size});
    if (!raw) return 0;
    std::array<char, decimal_capacity> text;
    const std::size_t length = format_decimal(*raw, text);
    require(parse_decimal({text.data(), length}) == raw, "a decimal survives the round trip");
    return 0;
}
