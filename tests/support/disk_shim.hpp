// A disk that does what a test wants: between SQLite and the system's files stands a hook that sees
// every write, and may refuse it, delay it or write it down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace tranche::test {

enum class DiskCall : std::uint8_t { write, truncate, sync, remove };

/// One call as SQLite made it. Path: absolute. `offset` of a truncation: the new size; of a
/// removal: 1 when the folder is synced after it.
struct DiskOperation {
    DiskCall call;
    std::string_view path;
    std::int64_t offset;
    std::span<const std::byte> data;
};

/// Called before each operation is carried out, by the thread that wants it: SQLITE_OK lets it
/// happen, anything else is what SQLite gets instead. WAL indexes are not seen: they are memory.
using DiskHook = std::function<int(const DiskOperation&)>;

/// While it lives, every database that is opened in this process stands on it. One at a time; all
/// databases opened meanwhile must be closed before it goes.
class DiskShim {
public:
    explicit DiskShim(DiskHook hook);
    ~DiskShim();
    DiskShim(const DiskShim&) = delete;
    DiskShim& operator=(const DiskShim&) = delete;

    int ask(const DiskOperation& operation) { return hook_(operation); }

private:
    struct System;  // the file system as SQLite knows it

    DiskHook hook_;
    std::unique_ptr<System> system_;
};

}  // namespace tranche::test
