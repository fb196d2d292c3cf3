// TLS as bytes in, bytes out: OpenSSL over two fixed buffers. No socket here.
//
// Verification cannot be turned off: the chain up to a trusted root, and the host's name or
// address. After the handshake no record allocates: the BIO reads from the caller's chunk and
// writes into a buffer made at start, and OpenSSL's own small blocks come from tls_memory.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/result.hpp"

namespace tranche {

/// What a client trusts and leaves behind.
struct TlsSettings {
    std::string ca_file;       // PEM of further roots; empty: those of the system only
    std::string key_log_file;  // secrets in NSS format, for Wireshark; empty: none. Made with 0600
};

/// Why a TLS connection is not, or no longer, there.
enum class TlsFailure : std::uint8_t {
    none,
    expired,          // certificate no longer valid
    not_yet_valid,    // certificate not valid yet, or our clock is wrong
    wrong_host,       // certificate is for another name or address
    self_signed,      // chain ends in a self-signed certificate nobody trusts
    unknown_issuer,   // chain does not reach a trusted root
    bad_certificate,  // any other fault of the chain
    alert,            // the peer refused us
    protocol,         // what came is not TLS, or not a version we speak
    overflow,         // more to send than the output holds
};

/// Shared by all sessions; cheap to use from several threads once created.
class TlsContext {
public:
    /// Errors (settings): a CA or key log file that cannot be used, with the reason.
    static Result<std::unique_ptr<TlsContext>> create(const TlsSettings& settings);

    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

    struct Native;  // the OpenSSL side
    Native& native() const { return *native_; }

private:
    explicit TlsContext(std::unique_ptr<Native> native);
    std::unique_ptr<Native> native_;
};

/// One client connection. `start`, then turns of `feed` → `advance`/`read` → `output`.
class TlsSession {
public:
    explicit TlsSession(const TlsContext& context);
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;
    ~TlsSession();

    /// Begins anew with `host` as the name to verify (and to send as SNI where it is no address).
    /// Offers the last session's ticket when the host is the same. Allocates.
    void start(const std::string& host);

    /// Lends ciphertext; must stay valid until `input_left()` is 0.
    void feed(std::span<const char> ciphertext);
    /// Bytes of the lent chunk not taken yet.
    std::size_t input_left() const;

    /// One step of the handshake. True once the connection is established.
    bool advance();
    bool established() const { return established_; }

    /// Opens records into `room`; returns the bytes written, 0 when more input is needed, the peer
    /// has ended (`ended`) or something failed (`failure`).
    std::size_t read(std::span<char> room);

    /// True when nothing can be read before more is fed.
    bool dry() const;

    /// Seals `plaintext` into the output. False when it does not fit or the session has failed.
    bool write(std::span<const char> plaintext);
    /// Seals the closing alert, so that the peer knows nothing was cut off.
    void close();

    /// Where sealed bytes go: lends `room` until the next `take_output`.
    void set_output(std::span<char> room);
    /// Bytes written to the lent room since it was set; resets it.
    std::size_t take_output();

    /// The peer has said that it sends no more; without this an end of the stream is a cut.
    bool ended() const { return ended_; }
    TlsFailure failure() const { return failure_; }
    /// Cold: the failure in words, with what OpenSSL and the peer said.
    std::string failure_text() const;
    /// True when the handshake was shortened by a ticket.
    bool resumed() const;

private:
    friend class TlsContext;  // installs the callbacks of Native
    void fail(int error);

    struct Native;
    const TlsContext& context_;
    std::unique_ptr<Native> native_;
    bool established_{};
    bool ended_{};
    TlsFailure failure_{};
};

/// Name of a failure, as logs and status show it.
const char* name_of(TlsFailure failure);

}  // namespace tranche
