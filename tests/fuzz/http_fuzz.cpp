// The same answer comes out however the bytes were cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/require.hpp"
#include "net/http.hpp"

namespace {

using namespace tranche;

std::string read_all(const std::uint8_t* data, std::size_t size, std::size_t step) {
    HttpReader reader{8192};
    for (std::size_t at = 0; at < size;) {
        const auto room = reader.room();
        const std::size_t length = std::min({step, size - at, room.size()});
        if (length == 0) return "full";
        std::memcpy(room.data(), data + at, length);
        reader.wrote(length);
        at += length;
        const HttpVerdict verdict = reader.next();
        if (verdict == HttpVerdict::need_more) continue;
        std::string said = std::to_string(static_cast<int>(verdict));
        if (verdict == HttpVerdict::complete) {
            const auto body = reader.response().body;
            said += std::to_string(reader.response().status);
            said.append(body.begin(), body.end());
        }
        return said;
    }
    return "unfinished";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string whole = read_all(data, size, 4096);
    require(whole == read_all(data, size, 1), "cuts make no difference");
    return 0;
}
