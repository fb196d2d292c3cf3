#include "tests/unit/aster/path_log.hpp"

#include "net/receive.hpp"

namespace tranche::support {

PathLog::PathLog() : ring_{std::make_unique<Ring<PathChange>>(2)} {}
PathLog::~PathLog() = default;

std::vector<std::pair<std::uint16_t, std::string>> PathLog::take() {
    std::vector<std::pair<std::uint16_t, std::string>> changes;
    for (; const PathChange* change = ring_->front(); ring_->pop())
        changes.emplace_back(change->connection, std::string{change->path.data(), change->length});
    return changes;
}

}  // namespace tranche::support
