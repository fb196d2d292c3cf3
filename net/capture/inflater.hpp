// permessage-deflate (RFC 7692), one direction: a compressed message in, the message out.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "net/capture/bytes.hpp"

extern "C" {
struct z_stream_s;
}

namespace tranche::capture {

class Inflater {
public:
    /// `takeover`: a message may refer to those before it.
    Inflater(bool takeover, std::size_t limit);
    ~Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    /// The message, valid until the next call. Nothing when it is damaged, refers to what was lost,
    /// or is longer than the limit; the messages before it are forgotten then.
    std::optional<Bytes> message(Bytes compressed);
    /// Forgets the messages so far: some of them are missing.
    void reset();

private:
    bool add(Bytes compressed);

    std::unique_ptr<z_stream_s> stream_;
    bool takeover_;
    std::size_t limit_;
    std::vector<char> bytes_;
    std::size_t size_{};
};

}  // namespace tranche::capture
