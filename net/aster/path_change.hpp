// Tells receive the user stream's path.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/ring.hpp"

namespace tranche {
struct PathChange;
}

namespace tranche::aster {

/// From now on `connection` uses `path`. False while the ring is full; come again.
bool announce_path(Ring<PathChange>& paths, std::uint16_t connection, std::string_view path);

}  // namespace tranche::aster
