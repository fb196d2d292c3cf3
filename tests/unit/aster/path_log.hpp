// The ring to receive as a test sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/aster/path_change.hpp"

namespace tranche::support {

class PathLog {
public:
    PathLog();
    ~PathLog();
    Ring<PathChange>& ring() { return *ring_; }
    /// Connection and path of every change so far, oldest first; forgets them.
    std::vector<std::pair<std::uint16_t, std::string>> take();

private:
    std::unique_ptr<Ring<PathChange>> ring_;
};

}  // namespace tranche::support
