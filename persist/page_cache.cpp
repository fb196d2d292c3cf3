#include "persist/page_cache.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/mman.h>

namespace tranche {
namespace {

constexpr std::size_t page_size = 4096;   // of SQLite's files
constexpr std::size_t spare_pages = 128;  // sorting, and the ten SQLite likes to have left

}  // namespace

Result<Done> reserve_page_caches() {
    int head = 0;
    int code = sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &head);
    const std::size_t slot = page_size + static_cast<std::size_t>(head);
    const std::size_t slots = writer_pages + reader_pages + spare_pages;
    void* memory = MAP_FAILED;
    if (code == SQLITE_OK) {
        memory = ::mmap(nullptr, slot * slots, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (memory == MAP_FAILED)
            return Error{ErrorKind::io, fmt::format("{} bytes for the database's pages: {}",
                                                    slot * slots, std::strerror(errno))};
        code = sqlite3_config(SQLITE_CONFIG_PAGECACHE, memory, static_cast<int>(slot),
                              static_cast<int>(slots));
    }
    if (code == SQLITE_OK) return Done{};
    if (memory != MAP_FAILED) ::munmap(memory, slot * slots);
    return Error{ErrorKind::io, "memory for the database's pages: SQLite runs already"};
}

}  // namespace tranche
