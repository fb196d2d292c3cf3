#include "core/large_table.hpp"

#include <new>
#include <sys/mman.h>

namespace tranche {
namespace {

constexpr std::size_t large_page = std::size_t{2} << 20;
constexpr std::size_t smallest = large_page / 4;

constexpr std::size_t whole_pages(std::size_t bytes) {
    return (bytes + large_page - 1) / large_page * large_page;
}

}  // namespace

void* allocate_large(std::size_t bytes, std::size_t alignment) {
    if (bytes < smallest) return ::operator new (bytes, std::align_val_t{alignment});
    const std::size_t rounded = whole_pages(bytes);
    void* memory = ::operator new (rounded, std::align_val_t{large_page});
    // Advice: where it is not taken, the table lies in small pages and costs what it did before.
    (void)::madvise(memory, rounded, MADV_HUGEPAGE);
    return memory;
}

void free_large(void* memory, std::size_t bytes, std::size_t alignment) noexcept {
    if (bytes < smallest) return ::operator delete (memory, std::align_val_t{alignment});
    ::operator delete (memory, std::align_val_t{large_page});
}

}  // namespace tranche
