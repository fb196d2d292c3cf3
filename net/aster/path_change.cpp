#include "net/aster/path_change.hpp"

#include <algorithm>

#include "net/receive.hpp"

namespace tranche::aster {

bool announce_path(Ring<PathChange>& paths, std::uint16_t connection, std::string_view path) {
    require(path.size() <= longest_path, "a path of ours fits a path change");
    PathChange* slot = paths.slot();
    if (slot == nullptr) return false;
    *slot = PathChange{};
    slot->connection = connection;
    slot->length = static_cast<std::uint16_t>(path.size());
    std::copy(path.begin(), path.end(), slot->path.begin());
    paths.publish();
    return true;
}

}  // namespace tranche::aster
