#include "net/aster/secret.hpp"

#include <algorithm>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/require.hpp"

namespace tranche::aster {

void wipe(std::span<char> bytes) noexcept {
    OPENSSL_cleanse(bytes.data(), bytes.size());
}

SecretPages::SecretPages(std::size_t bytes) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    size_ = (bytes + page - 1) / page * page;
    memory_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(memory_ != MAP_FAILED, "there is a page for a secret");
    // Both are refused under small RLIMIT_MEMLOCK or old kernels; the secret is usable all the
    // same.
    locked_ = ::mlock(memory_, size_) == 0;
    (void)::madvise(memory_, size_, MADV_DONTDUMP);
}

void SecretPages::wipe_on_fork() {
    require(::madvise(memory_, size_, MADV_WIPEONFORK) == 0, "a child finds no secret pages");
}

SecretPages::~SecretPages() {
    if (memory_ == nullptr) return;
    OPENSSL_cleanse(memory_, size_);
    ::munmap(memory_, size_);
}

Secret::Secret(std::string_view content)
    : pages_{std::max<std::size_t>(content.size(), 1)}, size_{content.size()} {
    std::ranges::copy(content, static_cast<char*>(pages_.memory()));
}

}  // namespace tranche::aster
