// Tables of the hot path that are too large for pages of 4 KiB: with one look-up in each of ten
// tables an event, most of the misses would be those of address translation.
#pragma once

#include <cstddef>
#include <vector>

namespace tranche {

/// Memory that begins on a page of 2 MiB and, where the kernel has such pages to give, lies in
/// them; blocks under half a MiB come from the heap as they are. Throws std::bad_alloc, so only
/// for what is made at start.
void* allocate_large(std::size_t bytes, std::size_t alignment);
void free_large(void* memory, std::size_t bytes, std::size_t alignment) noexcept;

/// The allocator of such tables.
template <class T> struct LargePages {
    using value_type = T;
    LargePages() = default;
    template <class Other> constexpr LargePages(const LargePages<Other>&) noexcept {}
    T* allocate(std::size_t count) {
        return static_cast<T*>(allocate_large(count * sizeof(T), alignof(T)));
    }
    void deallocate(T* table, std::size_t count) noexcept {
        free_large(table, count * sizeof(T), alignof(T));
    }
    template <class Other> constexpr bool operator==(const LargePages<Other>&) const {
        return true;
    }
};

/// A vector whose elements lie there. Sized once, at start.
template <class T> using LargeTable = std::vector<T, LargePages<T>>;

}  // namespace tranche
