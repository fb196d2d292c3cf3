// Where arrival stamps come from: a clock in production, a variable in tests.
#pragma once

#include "core/clock.hpp"

namespace tranche {

/// A way to ask for the time that costs one indirect call. Keeps a pointer to its source, which
/// must live as long.
class TimeSource {
public:
    /// Reads `clock`.
    explicit TimeSource(const Clock& clock)
        : read_{[](const void* source) { return static_cast<const Clock*>(source)->now(); }},
          source_{&clock} {}

    /// Reads a variable that somebody else sets.
    explicit TimeSource(const Nanos& variable)
        : read_{[](const void* source) { return *static_cast<const Nanos*>(source); }},
          source_{&variable} {}

    /// Now, UTC.
    Nanos operator()() const { return read_(source_); }

private:
    Nanos (*read_)(const void*);
    const void* source_;
};

}  // namespace tranche
