#include "net/tls_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <openssl/crypto.h>

namespace tranche {
namespace {

constexpr std::size_t block_size = 64;  // its largest small block has 40 bytes
constexpr std::size_t block_count = 4096;
constexpr std::size_t blocks_a_time = 32;  // how many a thread takes for itself at once

union alignas(block_size) Block {
    Block* next;
    std::array<std::byte, block_size> bytes;
};

// OpenSSL's hooks have no parameter for a state, so it has to stand here. All blocks are in one
// array: a block may be given back by another thread than took it, or after that thread's end, and
// must be told from a heap block in either case.
constinit std::array<Block, block_count> blocks{};
constinit std::atomic<std::size_t> handed_out{0};
constinit thread_local Block* shelf = nullptr;
constinit thread_local unsigned open_scopes = 0;

bool is_ours(const void* memory) {
    const std::less<const void*> before;
    return !before(memory, blocks.data()) && before(memory, blocks.data() + blocks.size());
}

void put_back(void* memory) {
    auto* block = static_cast<Block*>(memory);
    block->next = shelf;
    shelf = block;
}

Block* take() {
    if (shelf == nullptr && handed_out.load(std::memory_order_relaxed) < block_count) {
        const std::size_t begin = handed_out.fetch_add(blocks_a_time, std::memory_order_relaxed);
        for (std::size_t i = begin; i < std::min(begin + blocks_a_time, block_count); ++i)
            put_back(&blocks[i]);
    }
    Block* block = shelf;
    if (block != nullptr) shelf = block->next;
    return block;
}

void* allocate(std::size_t bytes, const char*, int) {
    if (open_scopes != 0 && bytes <= block_size)
        if (Block* block = take()) return block;
    return std::malloc(bytes);
}

void give_back(void* memory, const char*, int) {
    if (is_ours(memory))
        put_back(memory);
    else
        std::free(memory);
}

void* resize(void* memory, std::size_t bytes, const char*, int) {
    if (!is_ours(memory)) return std::realloc(memory, bytes);
    if (bytes != 0 && bytes <= block_size) return memory;
    void* moved = nullptr;
    if (bytes != 0) {
        moved = std::malloc(bytes);
        if (moved == nullptr) return nullptr;  // the old block stays, as with realloc
        std::memcpy(moved, memory, block_size);
    }
    put_back(memory);
    return moved;
}

}  // namespace

bool use_record_memory() noexcept {
    return CRYPTO_set_mem_functions(&allocate, &resize, &give_back) == 1;
}

RecordMemory::RecordMemory() noexcept {
    ++open_scopes;
}

RecordMemory::~RecordMemory() {
    --open_scopes;
}

}  // namespace tranche
