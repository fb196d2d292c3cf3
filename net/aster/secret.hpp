// Where secrets live: a page of their own that is not swapped, not dumped and wiped at the end.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tranche::aster {

/// Overwrites bytes in a way that the compiler must not leave out.
void wipe(std::span<char> bytes) noexcept;

/// Whole pages kept out of swap and core dumps where the kernel permits, wiped when given back.
class SecretPages {
public:
    SecretPages() = default;
    /// Maps at least `bytes`; the process cannot go on without, so failing stops it.
    explicit SecretPages(std::size_t bytes);
    SecretPages(SecretPages&& other) noexcept
        : memory_{std::exchange(other.memory_, nullptr)},
          size_{std::exchange(other.size_, 0)},
          locked_{other.locked_} {}
    SecretPages& operator=(SecretPages&& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(size_, other.size_);
        std::swap(locked_, other.locked_);
        return *this;
    }
    ~SecretPages();

    /// From now on a forked child finds zeroes here. For what must not exist twice.
    void wipe_on_fork();

    void* memory() const { return memory_; }
    std::size_t size() const { return size_; }
    /// Whether the kernel keeps them out of swap.
    bool locked() const { return locked_; }

private:
    void* memory_{};
    std::size_t size_{};
    bool locked_{};
};

/// One object inside such pages. Moving moves the pages, never the object.
template <class T> class Locked {
public:
    template <class... Arguments>
    explicit Locked(std::in_place_t, Arguments&&... arguments) : pages_{sizeof(T)} {
        ::new (pages_.memory()) T(std::forward<Arguments>(arguments)...);
    }
    Locked(Locked&&) noexcept = default;
    Locked& operator=(Locked&&) noexcept = default;
    ~Locked() {
        if (pages_.memory() != nullptr) std::destroy_at(&**this);
    }

    T& operator*() { return *std::launder(static_cast<T*>(pages_.memory())); }
    const T& operator*() const { return *std::launder(static_cast<const T*>(pages_.memory())); }
    bool locked() const { return pages_.locked(); }

private:
    SecretPages pages_;
};

/// Text or bytes that nobody may print: there is no formatter, no comparison and no copy.
class Secret {
public:
    Secret() = default;
    /// Copies `content`; the caller wipes its own copy.
    explicit Secret(std::string_view content);

    std::string_view reveal() const { return {static_cast<const char*>(pages_.memory()), size_}; }
    bool empty() const { return size_ == 0; }

    template <class Stream> friend Stream& operator<<(Stream&, const Secret&) = delete;

private:
    SecretPages pages_;
    std::size_t size_{};
};
static_assert(!std::is_copy_constructible_v<Secret>);

}  // namespace tranche::aster
