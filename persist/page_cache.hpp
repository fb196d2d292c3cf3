// Where SQLite keeps pages of its files: memory taken once, so that the process does not grow with
// the database (reliability-model.md M3).
#pragma once

#include <cstddef>

#include "core/result.hpp"

namespace tranche {

/// Pages of the cache of a Database that writes, and of one that reads.
inline constexpr std::size_t writer_pages = 2048;
inline constexpr std::size_t reader_pages = 512;

/// Takes the memory of all page caches of the process, written to already, for good: one writer,
/// one reader and what a transaction holds beside them. Call it before the first `Database::open`.
/// What does not fit comes from the heap. Errors: `io`, when SQLite runs already or the system has
/// no memory; then all of it comes from the heap.
Result<Done> reserve_page_caches();

}  // namespace tranche
