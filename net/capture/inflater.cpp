#include "net/capture/inflater.hpp"

#include <algorithm>
#include <array>
#include <zlib.h>

#include "core/require.hpp"

namespace tranche::capture {
namespace {

constexpr std::size_t first_room = 4096;
constexpr std::array<char, 4> tail = {0, 0, '\xFF', '\xFF'};  // cut off by the sender

}  // namespace

Inflater::Inflater(bool takeover, std::size_t limit)
    : stream_{new z_stream_s{}}, takeover_{takeover}, limit_{limit}, bytes_(first_room) {
    require(inflateInit2(stream_.get(), -MAX_WBITS) == Z_OK, "zlib starts");
}

Inflater::~Inflater() {
    inflateEnd(stream_.get());
}

void Inflater::reset() {
    inflateReset(stream_.get());
}

std::optional<Bytes> Inflater::message(Bytes compressed) {
    size_ = 0;
    if (!takeover_) reset();
    if (add(compressed) && add(tail)) return Bytes{bytes_}.first(size_);
    reset();
    return std::nullopt;
}

bool Inflater::add(Bytes compressed) {
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream_->avail_in = static_cast<uInt>(compressed.size());
    while (true) {
        if (size_ == bytes_.size()) {
            if (size_ >= limit_) return false;
            bytes_.resize(std::min(limit_, 2 * size_));
        }
        stream_->next_out = reinterpret_cast<Bytef*>(bytes_.data() + size_);
        stream_->avail_out = static_cast<uInt>(bytes_.size() - size_);
        const int code = inflate(stream_.get(), Z_SYNC_FLUSH);
        size_ = bytes_.size() - stream_->avail_out;
        // A last block ends the stream of a sender that begins anew with every message.
        if (code == Z_STREAM_END) return inflateReset(stream_.get()) == Z_OK;
        if (code != Z_OK && code != Z_BUF_ERROR) return false;
        if (stream_->avail_out > 0) return stream_->avail_in == 0;
    }
}

}  // namespace tranche::capture
