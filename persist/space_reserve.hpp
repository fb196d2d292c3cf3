// Room on the database's disk: watched, and some of it set aside to be given up when the rest is
// gone, so that there is time to act (reliability-model.md D1).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/clock.hpp"

namespace tranche {

struct DiskSpace {
    std::uint64_t free{};  // bytes
    std::uint64_t all{};
};

/// Of the file system of a file; nothing free and nothing there when it cannot be told.
DiskSpace disk_space(const std::string& path);

/// Cold: asks the system, at most once a second. Belongs to the writer's thread.
class SpaceReserve {
public:
    /// `space` is asked instead of the system, for tests.
    explicit SpaceReserve(const std::string& database,
                          std::function<DiskSpace(const std::string&)> space = disk_space);

    /// True while the disk is short of room: below 5 % and below 2 GiB. Below 1 % (and 400 MiB) the
    /// reserve `<database>.reserve` is given up; it is made again when there is room.
    bool poll(Nanos now);

    static constexpr std::uint64_t bytes = std::uint64_t{16} << 20;

private:
    void keep();

    std::string database_;
    std::string path_;
    std::function<DiskSpace(const std::string&)> space_;
    Nanos due_{};
    bool short_{};
};

}  // namespace tranche
