// The bytes of a capture file, a window at a time: a file, a pipe (`-`), plain or packed by gzip or
// zstd. What is read is never more than a window, whatever the length of the file.
//
// It reads instead of mapping the file: a mapped file that somebody truncates kills the reader, a
// pipe cannot be mapped, and the copy out of the page cache is not what limits the speed
// (bench/capture_bench).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "net/capture/bytes.hpp"

namespace tranche::capture {

/// Where bytes come from. `read` answers how many it wrote, 0 at the end, -1 when it cannot go on.
class Source {
public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;
    virtual std::ptrdiff_t read(std::span<char> room) = 0;
};

class Input {
public:
    /// Largest piece that `peek` can be asked for.
    static constexpr std::size_t longest = std::size_t{16} << 20;

    /// `path`, or `-` for the standard input. Errors: (not_found, io) it cannot be opened.
    static Result<std::unique_ptr<Input>> open(const std::string& path);
    /// Over bytes in memory, which must outlive it.
    static std::unique_ptr<Input> over(Bytes bytes);

    explicit Input(std::unique_ptr<Source> source);

    /// At least `want` bytes (≤ `longest`) in one piece; fewer only where the file ends. Valid
    /// until the next call.
    Bytes peek(std::size_t want) {
        if (end_ - begin_ < want) fill(want);
        return {bytes_.get() + begin_, end_ - begin_};
    }
    /// Passes over `length` bytes, seen or not. False when the file ends before.
    bool skip(std::uint64_t length);

    /// Bytes passed so far.
    std::uint64_t offset() const { return offset_; }
    /// True when reading ended by an error rather than at the end.
    bool failed() const { return failed_; }

private:
    void fill(std::size_t want);

    std::unique_ptr<Source> source_;
    std::size_t capacity_;
    std::unique_ptr<char[]> bytes_;
    std::size_t begin_{};
    std::size_t end_{};
    std::uint64_t offset_{};
    bool ended_{};
    bool failed_{};
};

}  // namespace tranche::capture
