#include "tests/allocations/allocation_counter.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <execinfo.h>

// The C library's own, under the names it keeps for interposers like this one.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* memory);
}

namespace tranche::test {
namespace {

constexpr std::size_t deepest = 24;
constexpr std::size_t stacks_kept = 6;

struct Stack {
    std::array<void*, deepest> frames;
    int depth;
};

// malloc has no parameters to hand state in, so this file cannot do without globals.
constinit thread_local bool counts_here = false;
constinit std::atomic<std::uint64_t> counted{0};
constinit std::array<Stack, stacks_kept> stacks{};

void note() noexcept {
    if (!counts_here) return;
    counts_here = false;  // taking the stack may allocate itself
    const std::uint64_t number = counted.fetch_add(1, std::memory_order_relaxed);
    if (number < stacks_kept)
        stacks[number].depth = backtrace(stacks[number].frames.data(), deepest);
    counts_here = true;
}

}  // namespace

void count_this_thread(bool yes) noexcept {
    counts_here = yes;
}

std::uint64_t counted_allocations() noexcept {
    return counted.load(std::memory_order_relaxed);
}

std::string where_they_were() {
    std::string text;
    const std::size_t kept = std::min<std::size_t>(counted_allocations(), stacks_kept);
    for (std::size_t i = 0; i < kept; ++i) {
        text += "allocation " + std::to_string(i + 1) + "\n";
        char** names = backtrace_symbols(stacks[i].frames.data(), stacks[i].depth);
        for (int frame = 0; frame < stacks[i].depth; ++frame)
            text += "  " + std::string{names[frame]} + "\n";
        std::free(names);
    }
    return text;
}

void forget_allocations() noexcept {
    counted.store(0, std::memory_order_relaxed);
}

}  // namespace tranche::test

extern "C" {

void* malloc(std::size_t bytes) {
    tranche::test::note();
    return __libc_malloc(bytes);
}

void* calloc(std::size_t count, std::size_t bytes) {
    tranche::test::note();
    return __libc_calloc(count, bytes);
}

void* realloc(void* memory, std::size_t bytes) {
    tranche::test::note();
    return __libc_realloc(memory, bytes);
}

void* memalign(std::size_t alignment, std::size_t bytes) {
    tranche::test::note();
    return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    tranche::test::note();
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
    tranche::test::note();
    *memory = __libc_memalign(alignment, bytes);
    return *memory == nullptr ? ENOMEM : 0;
}

void free(void* memory) {
    __libc_free(memory);
}
}
