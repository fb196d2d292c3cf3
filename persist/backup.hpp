// A whole, checked copy of a database while it is being written: the only way to copy one.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.hpp"

namespace tranche {

/// Copies `from` as of one moment to `to` (SQLite's online backup), checks the copy, and puts it in
/// its place in one step: whoever looks at `to` sees the old file or the new one, both whole.
/// Neither the writer nor a reader of `from` waits. Returns the size in bytes.
/// Errors: `not_found`, `bad_data` (the copy is damaged, so `from` is), `cannot_write`, `usage`
/// (both are the same file).
Result<std::int64_t> back_up(const std::string& from, const std::string& to);

}  // namespace tranche
