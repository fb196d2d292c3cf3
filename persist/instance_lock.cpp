#include "persist/instance_lock.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace tranche {
namespace {

Error cannot(const std::string& path, const char* doing, int code) {
    return {ErrorKind::cannot_write, fmt::format("{}: cannot {} the lock of the database: {}", path,
                                                 doing, std::strerror(code))};
}

std::string holder(int descriptor) {
    std::array<char, 24> text{};
    const ssize_t length = ::pread(descriptor, text.data(), text.size() - 1, 0);
    const std::string id{text.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
    return id.substr(0, id.find('\n'));
}

}  // namespace

Result<InstanceLock> InstanceLock::take(const std::string& database) {
    const std::string path = database + ".lock";
    const auto folder = std::filesystem::path{path}.parent_path();
    std::error_code failed;
    if (!folder.empty() && !std::filesystem::exists(folder, failed)) {
        std::filesystem::create_directories(folder.parent_path(), failed);
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
            return cannot(path, "create the folder of", errno);
    }
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return cannot(path, "open", errno);
    InstanceLock lock{descriptor};
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return cannot(path, "take", errno);
        return Error{ErrorKind::locked,
                     fmt::format("database {}: process {} has it open to write. Stop that instance "
                                 "first, or name another database",
                                 database, holder(descriptor))};
    }
    const std::string id = std::to_string(::getpid()) + "\n";
    if (::ftruncate(descriptor, 0) != 0 ||
        ::pwrite(descriptor, id.data(), id.size(), 0) != static_cast<ssize_t>(id.size()))
        return cannot(path, "write", errno);
    return lock;
}

InstanceLock::~InstanceLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace tranche
