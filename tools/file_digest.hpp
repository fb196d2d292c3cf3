// SHA-256 of files: to know a file again, and to prove that it was not changed.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"

namespace tranche {

/// Digest over the bytes of those of `paths` that exist, in order, as hexadecimal digits.
/// Errors: `io`.
Result<std::string> digest_of(const std::vector<std::string>& paths);

}  // namespace tranche
