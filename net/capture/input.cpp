#include "net/capture/input.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "core/require.hpp"

namespace tranche::capture {
namespace {

constexpr std::size_t window = std::size_t{1} << 20;
constexpr std::size_t packed_window = std::size_t{128} << 10;

class FileSource final : public Source {
public:
    explicit FileSource(int file) : file_{file} {}
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;
    ~FileSource() override { ::close(file_); }

    std::ptrdiff_t read(std::span<char> room) override {
        while (true) {
            const ssize_t got = ::read(file_, room.data(), room.size());
            if (got >= 0 || errno != EINTR) return got;
        }
    }

private:
    int file_;
};

class MemorySource final : public Source {
public:
    explicit MemorySource(Bytes bytes) : bytes_{bytes} {}

    std::ptrdiff_t read(std::span<char> room) override {
        const std::size_t length = std::min(room.size(), bytes_.size());
        std::copy_n(bytes_.begin(), length, room.begin());
        bytes_ = bytes_.subspan(length);
        return static_cast<std::ptrdiff_t>(length);
    }

private:
    Bytes bytes_;
};

/// What was read ahead to see how a file is packed, and then the rest.
class ReplayedHead final : public Source {
public:
    ReplayedHead(Bytes head, std::unique_ptr<Source> rest)
        : head_{head.begin(), head.end()}, rest_{std::move(rest)} {}

    std::ptrdiff_t read(std::span<char> room) override {
        if (head_.empty()) return rest_->read(room);
        const std::size_t length = std::min(room.size(), head_.size());
        head_.copy(room.data(), length);
        head_.erase(0, length);
        return static_cast<std::ptrdiff_t>(length);
    }

private:
    std::string head_;
    std::unique_ptr<Source> rest_;
};

/// Bytes of a packed source, for a decoder to take from.
class PackedInput {
public:
    explicit PackedInput(std::unique_ptr<Source> source) : source_{std::move(source)} {}

    /// What is left of the piece read last; the next piece when nothing is.
    Bytes rest() {
        if (begin_ == end_) {
            const std::ptrdiff_t got = source_->read(bytes_);
            begin_ = 0;
            end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
        }
        return Bytes{bytes_}.subspan(begin_, end_ - begin_);
    }
    void took(std::size_t length) { begin_ += length; }

private:
    std::unique_ptr<Source> source_;
    std::array<char, packed_window> bytes_{};
    std::size_t begin_{};
    std::size_t end_{};
};

class GzipSource final : public Source {
public:
    explicit GzipSource(std::unique_ptr<Source> packed) : packed_{std::move(packed)} {
        constexpr int gzip_head = 16;
        require(inflateInit2(&stream_, MAX_WBITS + gzip_head) == Z_OK, "zlib starts");
    }
    GzipSource(const GzipSource&) = delete;
    GzipSource& operator=(const GzipSource&) = delete;
    ~GzipSource() override { inflateEnd(&stream_); }

    std::ptrdiff_t read(std::span<char> room) override {
        stream_.next_out = reinterpret_cast<Bytef*>(room.data());
        stream_.avail_out = static_cast<uInt>(room.size());
        while (stream_.avail_out == room.size()) {
            const Bytes rest = packed_.rest();
            if (rest.empty()) return whole_ ? 0 : -1;
            if (whole_ && inflateReset(&stream_) != Z_OK) return -1;
            stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
            stream_.avail_in = static_cast<uInt>(rest.size());
            const int code = inflate(&stream_, Z_NO_FLUSH);
            packed_.took(rest.size() - stream_.avail_in);
            if (code != Z_OK && code != Z_STREAM_END) return -1;
            whole_ = code == Z_STREAM_END;
        }
        return static_cast<std::ptrdiff_t>(room.size() - stream_.avail_out);
    }

private:
    PackedInput packed_;
    z_stream stream_{};
    bool whole_{};
};

class ZstdSource final : public Source {
public:
    explicit ZstdSource(std::unique_ptr<Source> packed)
        : packed_{std::move(packed)}, stream_{ZSTD_createDStream()} {
        require(stream_ != nullptr, "zstd starts");
    }
    ZstdSource(const ZstdSource&) = delete;
    ZstdSource& operator=(const ZstdSource&) = delete;
    ~ZstdSource() override { ZSTD_freeDStream(stream_); }

    std::ptrdiff_t read(std::span<char> room) override {
        ZSTD_outBuffer out{room.data(), room.size(), 0};
        while (out.pos == 0) {
            const Bytes rest = packed_.rest();
            if (rest.empty() && !more_) return whole_ ? 0 : -1;
            ZSTD_inBuffer in{rest.data(), rest.size(), 0};
            const std::size_t hint = ZSTD_decompressStream(stream_, &out, &in);
            packed_.took(in.pos);
            if (ZSTD_isError(hint) != 0U) return -1;
            whole_ = hint == 0;
            more_ = out.pos == out.size;
        }
        return static_cast<std::ptrdiff_t>(out.pos);
    }

private:
    PackedInput packed_;
    ZSTD_DStream* stream_;
    bool whole_{};
    bool more_{};  // it may hold what had no room
};

/// By its first bytes: as it is, or what unpacks it.
std::unique_ptr<Source> unpacked(std::unique_ptr<Source> source) {
    std::array<char, 4> head{};
    std::size_t size = 0;
    while (size < head.size()) {
        const std::ptrdiff_t got = source->read(std::span{head}.subspan(size));
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
    }
    const Bytes seen = Bytes{head}.first(size);
    auto whole = std::make_unique<ReplayedHead>(seen, std::move(source));
    if (size >= 2 && big16(seen, 0) == 0x1F8B)
        return std::make_unique<GzipSource>(std::move(whole));
    if (size == 4 && big32(seen, 0) == 0x28B52FFD)
        return std::make_unique<ZstdSource>(std::move(whole));
    return whole;
}

}  // namespace

Result<std::unique_ptr<Input>> Input::open(const std::string& path) {
    const int file =
        path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0) {
        const ErrorKind kind = errno == ENOENT ? ErrorKind::not_found : ErrorKind::io;
        return Error{kind, path + ": cannot be opened: " + std::strerror(errno)};
    }
    auto source = std::make_unique<FileSource>(file);
    struct stat facts {};
    if (fstat(file, &facts) == 0 && S_ISDIR(facts.st_mode))
        return Error{ErrorKind::io, path + ": is a folder, expected a capture file"};
    posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
    return std::make_unique<Input>(unpacked(std::move(source)));
}

std::unique_ptr<Input> Input::over(Bytes bytes) {
    return std::make_unique<Input>(unpacked(std::make_unique<MemorySource>(bytes)));
}

Input::Input(std::unique_ptr<Source> source)
    : source_{std::move(source)}, capacity_{window}, bytes_{new char[window]} {}

void Input::fill(std::size_t want) {
    require(want <= longest, "a capture is asked for pieces that fit");
    if (want > capacity_) {
        std::unique_ptr<char[]> larger{new char[2 * want]};
        std::memcpy(larger.get(), bytes_.get() + begin_, end_ - begin_);
        bytes_ = std::move(larger);
        capacity_ = 2 * want;
    } else if (begin_ > 0) {
        std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    }
    end_ -= begin_;
    begin_ = 0;
    while (end_ < want && !ended_) {
        const std::ptrdiff_t got = source_->read({bytes_.get() + end_, capacity_ - end_});
        if (got <= 0) {
            ended_ = true;
            failed_ = got < 0;
        } else {
            end_ += static_cast<std::size_t>(got);
        }
    }
}

bool Input::skip(std::uint64_t length) {
    while (length > 0) {
        if (begin_ == end_) fill(1);
        if (begin_ == end_) return false;
        const std::size_t step = static_cast<std::size_t>(
            std::min<std::uint64_t>(length, static_cast<std::uint64_t>(end_ - begin_)));
        begin_ += step;
        offset_ += step;
        length -= step;
    }
    return true;
}

}  // namespace tranche::capture
