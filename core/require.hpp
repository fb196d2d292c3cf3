// Facts about our own code, checked in every build.
#pragma once

namespace tranche {

/// Prints the fact and where it broke, then aborts. Never returns; nothing is sent afterwards.
[[noreturn, gnu::cold, gnu::noinline]] void require_failed(const char* fact, const char* file,
                                                           int line) noexcept;

/// States a fact about our own code. Never for input from outside: that gets a value with a name.
[[gnu::always_inline]] constexpr void require(bool holds, const char* fact,
                                              const char* file = __builtin_FILE(),
                                              int line = __builtin_LINE()) {
    if (!holds) [[unlikely]]
        require_failed(fact, file, line);
}

}  // namespace tranche
