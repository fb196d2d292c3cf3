// `run --record`: the frames that came, as a pcapng that Wireshark opens and `replay` reads. Each
// connection becomes a TCP conversation made up around its frames, without TLS; one more carries
// the symbols' rules as an answer of exchangeInfo, so that a replay needs nothing else.
//
// No secret is in it: paths of user streams and listen keys are struck out; signed requests are not
// recorded at all. What came while the file could not keep up is a block that counts the frames.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_ring.hpp"
#include "core/result.hpp"
#include "core/symbols.hpp"
#include "net/capture/writer.hpp"

namespace tranche {

/// One connection, by its index of the receive stage.
struct RecordedStream {
    std::string target;  // of the upgrade request
    bool user{};         // its target is a secret
};

class FrameRecorder {
public:
    /// Makes the file, readable by its owner only. Errors: (cannot_write) it is there already, or
    /// cannot be made.
    static Result<std::unique_ptr<FrameRecorder>> create(const std::string& path);

    FrameRecorder(const FrameRecorder&) = delete;
    FrameRecorder& operator=(const FrameRecorder&) = delete;
    ~FrameRecorder();

    /// Where the parse stage's tap puts its copies.
    ByteRing& frames() { return frames_; }

    /// Before the first frame.
    void begin(const SymbolTable& symbols, std::vector<RecordedStream> streams, Nanos now);
    /// Writes what has come; `missed`: frames so far that found no room. Cold: it waits for the
    /// disk. Returns the frames written.
    std::size_t poll(std::uint64_t missed);
    /// Ends the conversations. Errors: (cannot_write) something was not written.
    Result<Done> close(std::uint64_t missed);

    std::uint64_t written() const { return written_; }

private:
    FrameRecorder(std::FILE* file, std::string path);
    void record(const Frame& frame);
    void record_rules(const SymbolTable& symbols, Nanos now);
    void flush();

    std::FILE* file_;
    std::string path_;
    ByteRing frames_{std::size_t{1} << 24};
    std::string buffer_;
    capture::PcapngWriter writer_{buffer_};
    std::vector<RecordedStream> streams_;
    std::vector<std::unique_ptr<capture::TcpScript>> scripts_;  // by connection; null: none yet
    Nanos newest_{};
    std::uint64_t written_{};
    std::uint64_t missed_{};
    bool failed_{};
};

/// The text with the values of "listenKey" struck out.
std::string without_listen_keys(std::string_view text);

/// The rules as a body of exchangeInfo.
std::string exchange_info_of(const SymbolTable& symbols);

}  // namespace tranche
