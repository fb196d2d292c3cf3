#include "net/aster/curve_context.hpp"

#include <cerrno>
#include <secp256k1.h>
#include <sys/random.h>

#include "core/require.hpp"
#include "net/aster/secret.hpp"

namespace tranche::aster {

bool fill_random(std::span<std::uint8_t> out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
        const ssize_t got = ::getrandom(out.data() + filled, out.size() - filled, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        filled += static_cast<std::size_t>(got);
    }
    return true;
}

CurveContext::CurveContext() : library_{secp256k1_context_create(SECP256K1_CONTEXT_NONE)} {
    // Blinding against side channels; without a seed signing is right but not blinded.
    std::array<std::uint8_t, 32> seed;
    if (fill_random(seed))
        require(secp256k1_context_randomize(library_, seed.data()) == 1,
                "a signing context takes its seed");
    wipe({reinterpret_cast<char*>(seed.data()), seed.size()});
}

CurveContext::~CurveContext() {
    secp256k1_context_destroy(library_);
}

}  // namespace tranche::aster
