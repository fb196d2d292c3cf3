#include "persist/space_reserve.hpp"

#include <fcntl.h>
#include <filesystem>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tranche {
namespace {

constexpr std::uint64_t little = std::uint64_t{2} << 30;  // 5 % of a large disk is room for years
constexpr std::uint64_t nearly_nothing = std::uint64_t{400} << 20;
constexpr Nanos between_looks = seconds(1);

}  // namespace

DiskSpace disk_space(const std::string& path) {
    struct statvfs found {};
    if (::statvfs(path.c_str(), &found) != 0) return {};
    return {std::uint64_t{found.f_bavail} * found.f_frsize,
            std::uint64_t{found.f_blocks} * found.f_frsize};
}

SpaceReserve::SpaceReserve(const std::string& database,
                           std::function<DiskSpace(const std::string&)> space)
    : database_{database}, path_{database + ".reserve"}, space_{std::move(space)} {}

bool SpaceReserve::poll(Nanos now) {
    if (now < due_) return short_;
    due_ = now + between_looks;
    const DiskSpace space = space_(database_);
    if (space.all == 0) return short_;
    short_ = space.free < little && space.free < space.all / 20;
    if (!short_) {
        keep();
    } else if (space.free < nearly_nothing && space.free < space.all / 100) {
        std::error_code gone_already;
        std::filesystem::remove(path_, gone_already);
    }
    return short_;
}

/// As good as it goes: a disk that has no room for it is told of soon enough.
void SpaceReserve::keep() {
    std::error_code ignored;
    if (std::filesystem::file_size(path_, ignored) == bytes && !ignored) return;
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return;
    const bool made = ::posix_fallocate(file, 0, static_cast<off_t>(bytes)) == 0;
    ::close(file);
    if (!made) std::filesystem::remove(path_, ignored);
}

}  // namespace tranche
