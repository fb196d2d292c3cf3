#include "persist/journal.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tranche {

enum class JournalState : std::uint32_t { preparing, ready };

struct JournalHead {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t record_bytes;
    std::uint64_t capacity;
    std::uint64_t base;  // sequence of record i is base + i + 1
    std::uint32_t symbol_count;
    std::uint32_t symbols_check;
    std::uint32_t check;  // of all above
    std::uint32_t pid;    // of the last owner, for the message to a second one
    std::atomic<JournalState> state;
};

namespace {

using SymbolName = std::array<char, max_symbol_name>;

constexpr std::array<char, 8> magic{'T', 'R', 'J', 'O', 'U', 'R', 'N', '\n'};
constexpr std::uint32_t version = 1;
constexpr std::size_t indices_at = 128;
constexpr std::size_t names_at = 4096;
constexpr std::size_t max_symbols = 4096;
constexpr std::size_t records_at = names_at + max_symbols * sizeof(SymbolName);
constexpr std::size_t max_capacity = std::size_t{1} << 30;
static_assert(sizeof(JournalHead) <= indices_at && records_at % 4096 == 0);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "the indices can be mapped");

std::size_t bytes_for(std::size_t capacity) {
    return records_at + capacity * sizeof(Record);
}

std::uint32_t head_check(const JournalHead& head) {
    return crc32c(&head, offsetof(JournalHead, check));
}

Error system_error(ErrorKind kind, const std::string& path, const char* what) {
    return {kind, fmt::format("journal {}: cannot {}: {}", path, what, std::strerror(errno))};
}

Error damaged(const std::string& path, const std::string& what) {
    return {ErrorKind::bad_data,
            fmt::format("journal {}: {}. Records that are not in the database yet cannot be "
                        "trusted; move the file away and start again, the exchange will be asked "
                        "for what is missing",
                        path, what)};
}

Error locked(const std::string& path, int descriptor) {
    std::uint32_t pid = 0;
    const auto at = static_cast<off_t>(offsetof(JournalHead, pid));
    if (::pread(descriptor, &pid, sizeof pid, at) != sizeof pid) pid = 0;
    return {ErrorKind::locked,
            fmt::format("journal {}: in use by another instance (process {}). Only one may trade "
                        "an account: stop it first, or name another storage.journal and another "
                        "account",
                        path, pid == 0 ? "unknown" : std::to_string(pid))};
}

}  // namespace

Result<Journal> Journal::open(const std::string& path, std::size_t capacity) {
    if (capacity == 0 || (capacity & (capacity - 1)) != 0 || capacity > max_capacity)
        return Error{ErrorKind::settings,
                     fmt::format("journal {}: capacity {} is not a power of two up to {}", path,
                                 capacity, max_capacity)};
    // no symbolic links: the usual place, /dev/shm, can be written by every user
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return system_error(ErrorKind::cannot_write, path, "open or create it");
    Journal journal{path, descriptor, capacity};
    const auto done = journal.take_over();
    if (!done) return done.error();
    return journal;
}

Journal::Journal(std::string path, int descriptor, std::size_t wanted_capacity)
    : path_{std::move(path)}, wanted_capacity_{wanted_capacity}, descriptor_{descriptor} {}

Journal::Journal(Journal&& other) noexcept
    : producer_{other.producer_},
      ring_{std::move(other.ring_)},
      path_{std::move(other.path_)},
      memory_{std::exchange(other.memory_, nullptr)},
      mapped_{other.mapped_},
      wanted_capacity_{other.wanted_capacity_},
      left_over_{other.left_over_},
      cut_{other.cut_},
      descriptor_{std::exchange(other.descriptor_, -1)},
      refused_{other.refused_.load()},
      lost_{other.lost_.load()} {}

Journal::~Journal() {
    unmap();
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Done> Journal::take_over() {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
        return system_error(ErrorKind::io, path_, "read its size");
    if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid())
        return Error{ErrorKind::bad_data,
                     fmt::format("journal {}: not a regular file of this user (owner {}, we are "
                                 "{}); remove it or name another storage.journal",
                                 path_, status.st_uid, ::geteuid())};
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return locked(path_, descriptor_);
        return system_error(ErrorKind::io, path_, "lock it");
    }
    if (::fchmod(descriptor_, 0600) != 0)
        return system_error(ErrorKind::cannot_write, path_, "make it private");
    const auto size = static_cast<std::size_t>(status.st_size);
    bool empty = false;
    const auto checked = check_head(size, empty);
    if (!checked) return checked;
    if (empty) return format(wanted_capacity_);
    const auto done = map((size - records_at) / sizeof(Record));
    if (!done) return done;
    if (crc32c(memory_ + names_at, max_symbols * sizeof(SymbolName)) != head().symbols_check)
        return damaged(path_, "its symbol names are damaged");
    const auto& ring = indices();
    if (ring.written.load() - ring.read.load() > head().capacity)
        return damaged(path_, "its indices are damaged");
    scan();
    attach();
    return Done{};
}

/// Decides whether the file may be used, before anything is mapped. `empty`: it is new, or its
/// owner died while preparing it, so that there is nothing in it.
Result<Done> Journal::check_head(std::size_t file_size, bool& empty) const {
    alignas(JournalHead) std::array<std::byte, sizeof(JournalHead)> bytes{};
    const auto got = ::pread(descriptor_, bytes.data(), bytes.size(), 0);
    if (got < 0) return system_error(ErrorKind::io, path_, "read it");
    const auto& found = *reinterpret_cast<const JournalHead*>(bytes.data());
    empty = bytes == decltype(bytes){};
    if (empty) return Done{};
    if (found.magic != magic)
        return Error{ErrorKind::bad_data,
                     fmt::format("{}: not a journal of tranche; it is left alone. Name another "
                                 "storage.journal, or remove the file",
                                 path_)};
    if (found.version != version || found.record_bytes != sizeof(Record))
        return Error{
            ErrorKind::bad_data,
            fmt::format("journal {}: written by another version of tranche (format {}, "
                        "records of {} bytes; this one knows format {}, {} bytes). Start "
                        "the other version once, so that it moves what is left into the "
                        "database, or remove the file",
                        path_, found.version, found.record_bytes, version, sizeof(Record))};
    empty = found.state.load() == JournalState::preparing;
    if (empty) return Done{};
    if (found.check != head_check(found)) return damaged(path_, "its head is damaged");
    if (found.capacity == 0 || found.capacity > max_capacity ||
        (found.capacity & (found.capacity - 1)) != 0 || file_size != bytes_for(found.capacity))
        return damaged(path_, fmt::format("it has {} bytes, not those of {} records", file_size,
                                          found.capacity));
    return Done{};
}

/// A new file of zeroes, with every page of it reserved, so that no store can fail later.
Result<Done> Journal::format(std::size_t capacity) {
    unmap();
    const auto size = static_cast<off_t>(bytes_for(capacity));
    if (::ftruncate(descriptor_, 0) != 0)
        return system_error(ErrorKind::cannot_write, path_, "empty it");
    errno = ::posix_fallocate(descriptor_, 0, size);
    if (errno != 0) {
        const auto trouble = fmt::format("reserve its {} MiB", size >> 20);
        auto error = system_error(ErrorKind::cannot_write, path_, trouble.c_str());
        if (::ftruncate(descriptor_, 0) != 0) error.message += ", nor give them back";
        return error;
    }
    const auto done = map(capacity);
    if (!done) return done;
    write_head(capacity, 0, nullptr);
    attach();
    return Done{};
}

Result<Done> Journal::map(std::size_t capacity) {
    mapped_ = bytes_for(capacity);
    void* memory =
        ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor_, 0);
    if (memory == MAP_FAILED) return system_error(ErrorKind::io, path_, "map it");
    memory_ = static_cast<std::byte*>(memory);
    // Neither can fail in a way that matters: the pages are reserved, a store can only be slower.
    static_cast<void>(::madvise(memory, mapped_, MADV_POPULATE_WRITE));
    static_cast<void>(::mlock(memory, mapped_));
    return Done{};
}

void Journal::unmap() {
    ring_.reset();
    if (memory_ != nullptr) ::munmap(memory_, mapped_);
    memory_ = nullptr;
}

/// Only ever called on an empty ring: whatever dies in here leaves `preparing` behind.
void Journal::write_head(std::size_t capacity, std::uint64_t base, const SymbolTable* symbols) {
    JournalHead& file = head();
    file.state.store(JournalState::preparing);
    file.magic = magic;
    file.version = version;
    file.record_bytes = sizeof(Record);
    file.capacity = capacity;
    file.base = base;
    file.pid = static_cast<std::uint32_t>(::getpid());
    file.symbol_count = symbols == nullptr ? 0 : static_cast<std::uint32_t>(symbols->size());
    std::memset(memory_ + names_at, 0, max_symbols * sizeof(SymbolName));
    for (std::size_t i = 0; i < file.symbol_count; ++i) {
        const auto name = symbols->name(SymbolId{static_cast<std::uint16_t>(i)});
        std::memcpy(memory_ + names_at + i * sizeof(SymbolName), name.data(),
                    std::min(name.size(), sizeof(SymbolName)));
    }
    file.symbols_check = crc32c(memory_ + names_at, max_symbols * sizeof(SymbolName));
    file.check = head_check(file);
    indices().read.store(0);
    indices().written.store(0);
    file.state.store(JournalState::ready);
}

Result<Done> Journal::start(const SymbolTable& symbols, std::uint64_t after_sequence) {
    if (waiting() != 0)
        return Error{ErrorKind::bad_data,
                     fmt::format("journal {}: {} records of the last run are not in the database "
                                 "yet; nothing may be traded before they are",
                                 path_, waiting())};
    const std::uint64_t base = std::max(producer_.sequence, after_sequence);
    if (capacity() != wanted_capacity_) {
        const auto done = format(wanted_capacity_);
        if (!done) return done;
    }
    ring_.reset();
    write_head(wanted_capacity_, base, &symbols);
    attach();
    return Done{};
}

/// Cuts at the first record that is not whole: what follows it was never acknowledged to anyone.
void Journal::scan() {
    auto& ring = indices();
    const std::uint64_t written = ring.written.load();
    std::uint64_t at = ring.read.load();
    for (; at != written; ++at) {
        const Record& record = records()[at & (head().capacity - 1)];
        if (record.sequence != head().base + at + 1 || record.check != record_check(record)) break;
        ++left_over_;
    }
    cut_ = static_cast<std::size_t>(written - at);
    ring.written.store(at);
    head().pid = static_cast<std::uint32_t>(::getpid());
}

void Journal::attach() {
    const auto capacity = static_cast<std::size_t>(head().capacity);
    ring_ = std::make_unique<Ring<Record>>(indices(), records(), capacity);
    producer_.sequence = head().base + indices().written.load();
    producer_.certain = ring_->room();
    producer_.reserve = capacity / 10;
}

/// Only asked when less than the reserve was certain to fit: looks where the consumer is by now.
bool Journal::admits(const Record& record) {
    const auto count = [](std::atomic<std::uint64_t>& counter) {
        counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    };
    producer_.certain = ring_->room();
    const bool telemetry = is_telemetry(record);
    if (producer_.certain > (telemetry ? producer_.reserve : 0)) return true;
    count(telemetry ? refused_ : lost_);
    return false;
}

Nanos Journal::oldest_waiting() const {
    // the producer may look: nobody but itself ever overwrites a record, and not before it was read
    const std::uint64_t oldest = indices().read.load(std::memory_order_acquire);
    if (oldest == indices().written.load(std::memory_order_relaxed)) return {};
    return records()[oldest & (capacity() - 1)].time;
}

std::string_view Journal::symbol_name(SymbolId id) const {
    if (index(id) >= head().symbol_count) return {};
    const char* name =
        reinterpret_cast<const char*>(memory_ + names_at + index(id) * sizeof(SymbolName));
    return {name, ::strnlen(name, sizeof(SymbolName))};
}

JournalHead& Journal::head() const {
    return *reinterpret_cast<JournalHead*>(memory_);
}
Ring<Record>::Indices& Journal::indices() const {
    return *reinterpret_cast<Ring<Record>::Indices*>(memory_ + indices_at);
}
Record* Journal::records() const {
    return reinterpret_cast<Record*>(memory_ + records_at);
}

}  // namespace tranche
