// Counts allocations of chosen threads: this program's malloc and its kin stand in the place of
// the C library's and pass everything on.
#pragma once

#include <cstdint>
#include <string>

namespace tranche::test {

/// From now on (or no longer) allocations of the calling thread count.
void count_this_thread(bool yes) noexcept;

/// Allocations counted since the program began, of all threads.
std::uint64_t counted_allocations() noexcept;

/// Call stacks of the first counted allocations.
std::string where_they_were();

/// Forgets what was counted; the next stacks are kept again.
void forget_allocations() noexcept;

}  // namespace tranche::test
