// What is taken for an id of ours is written exactly so by us.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/ids.hpp"
#include "core/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tranche;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto id = decode_client_order_id(text);
    if (!id || id->generation > max_generation) return 0;
    const ClientOrderIdText again = encode(*id);
    require(std::string_view{again.data(), again.size()} == text, "an id has one form");
    return 0;
}
