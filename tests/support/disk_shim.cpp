#include "tests/support/disk_shim.hpp"

#include <new>
#include <sqlite3.h>
#include <string>
#include <utility>

#include "core/require.hpp"

namespace tranche::test {
namespace {

/// SQLite allocates these bytes; the system's own file follows directly behind them.
struct ShimFile {
    sqlite3_file base;
    DiskShim* shim;
    std::string* path;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

ShimFile& shim_of(sqlite3_file* file) {
    return *reinterpret_cast<ShimFile*>(file);
}
sqlite3_file* real_of(sqlite3_file* file) {
    return shim_of(file).real();
}
/// What a file system of ours must know when SQLite calls it.
struct Backing {
    sqlite3_vfs* real;
    DiskShim* shim;
};
const Backing& backing_of(sqlite3_vfs* vfs) {
    return *static_cast<const Backing*>(vfs->pAppData);
}
sqlite3_vfs* real_of(sqlite3_vfs* vfs) {
    return backing_of(vfs).real;
}

int ask(sqlite3_file* file, DiskCall call, std::int64_t offset, std::span<const std::byte> data) {
    const ShimFile& shim = shim_of(file);
    return shim.shim->ask({call, *shim.path, offset, data});
}

int close_file(sqlite3_file* file) {
    const int code = real_of(file)->pMethods->xClose(real_of(file));
    delete shim_of(file).path;
    return code;
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
    return real_of(file)->pMethods->xRead(real_of(file), to, size, offset);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    const int code = ask(file, DiskCall::write, offset,
                         {static_cast<const std::byte*>(from), static_cast<std::size_t>(size)});
    if (code != SQLITE_OK) return code;
    return real_of(file)->pMethods->xWrite(real_of(file), from, size, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    const int code = ask(file, DiskCall::truncate, size, {});
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
    const int code = ask(file, DiskCall::sync, 0, {});
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
int lock_file(sqlite3_file* file, int level) {
    return real_of(file)->pMethods->xLock(real_of(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
int check_lock(sqlite3_file* file, int* taken) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), taken);
}
int control_file(sqlite3_file* file, int what, void* argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}
int sector_size(sqlite3_file* file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}
int characteristics(sqlite3_file* file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, memory);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
void barrier_shared(sqlite3_file* file) {
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}
int unmap_shared(sqlite3_file* file, int remove) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

/// Version 2: with shared memory, which WAL needs, without memory-mapped reads.
constexpr sqlite3_io_methods methods{2,
                                     close_file,
                                     read_file,
                                     write_file,
                                     truncate_file,
                                     sync_file,
                                     file_size,
                                     lock_file,
                                     unlock_file,
                                     check_lock,
                                     control_file,
                                     sector_size,
                                     characteristics,
                                     map_shared,
                                     lock_shared,
                                     barrier_shared,
                                     unmap_shared,
                                     nullptr,
                                     nullptr};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    ShimFile& shim = *new (file) ShimFile{};
    const int code = real_of(vfs)->xOpen(real_of(vfs), name, shim.real(), flags, out_flags);
    if (code != SQLITE_OK) return code;
    shim.shim = backing_of(vfs).shim;
    shim.path = new std::string{name == nullptr ? "" : name};
    shim.base.pMethods = &methods;
    return SQLITE_OK;
}

int remove_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    const int code = backing_of(vfs).shim->ask({DiskCall::remove, name, sync_folder, {}});
    return code != SQLITE_OK ? code : real_of(vfs)->xDelete(real_of(vfs), name, sync_folder);
}

}  // namespace

struct DiskShim::System {
    explicit System(DiskShim& shim)
        : backing{sqlite3_vfs_find(nullptr), &shim}, vfs{*backing.real} {
        vfs.szOsFile += static_cast<int>(sizeof(ShimFile));
        vfs.zName = "disk-shim";
        vfs.pAppData = &backing;
        vfs.pNext = nullptr;
        vfs.xOpen = open_file;
        vfs.xDelete = remove_file;
    }
    Backing backing;
    sqlite3_vfs vfs;  // what is not replaced needs nothing of the original
};

DiskShim::DiskShim(DiskHook hook)
    : hook_{std::move(hook)}, system_{std::make_unique<System>(*this)} {
    require(sqlite3_vfs_register(&system_->vfs, 1) == SQLITE_OK, "SQLite takes the shim");
}

DiskShim::~DiskShim() {
    sqlite3_vfs_unregister(&system_->vfs);
}

}  // namespace tranche::test
