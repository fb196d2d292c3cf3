#include "core/require.hpp"

#include <cstdio>
#include <cstdlib>

namespace tranche {

void require_failed(const char* fact, const char* file, int line) noexcept {
    std::fprintf(stderr, "broken invariant: %s (%s:%d)\n", fact, file, line);
    std::abort();
}

}  // namespace tranche
