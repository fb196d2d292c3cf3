// One captured TLS connection, opened with secrets from a key log: records in, plaintext out, in
// both directions. It only listens: what it cannot open it counts and names.
//
// After a loss it looks for the next record that opens, trying the sequence numbers that the lost
// bytes can have used up; the authentication tag is the proof. Those attempts have a budget, so
// that no capture can make it work for ever.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "net/capture/flow.hpp"
#include "net/capture/key_log.hpp"
#include "net/capture/tls_cipher.hpp"

namespace tranche::capture {

/// Who takes the plaintext.
class PlaintextSink {
public:
    PlaintextSink() = default;
    PlaintextSink(const PlaintextSink&) = delete;
    PlaintextSink& operator=(const PlaintextSink&) = delete;
    virtual ~PlaintextSink() = default;
    virtual void on_plaintext(Party from, Bytes bytes, Nanos time) = 0;
    /// Some is missing here; nobody knows how much.
    virtual void on_plaintext_gap(Party from, Nanos time) = 0;
};

/// Why a session gave no plaintext.
enum class TlsTrouble : std::uint8_t {
    none,          // it did
    no_data,       // it had none
    no_handshake,  // the capture began later, or missed it
    no_secrets,    // the key log does not name it
    unknown_suite,
    compressed,     // by TLS itself, which nobody does any more
    wrong_secrets,  // nothing opens with them
};
const char* name_of(TlsTrouble trouble);

/// True when the first bytes of a direction can be those of TLS.
bool looks_like_tls(Bytes bytes);

class TlsStream {
public:
    TlsStream(const KeyLog& keys, PlaintextSink& sink) : keys_{keys}, sink_{sink} {}

    void data(Party from, Bytes bytes, Nanos time);
    void gap(Party from, std::uint64_t length, Nanos time);

    std::uint64_t records() const { return records_; }
    std::uint64_t opened() const { return opened_; }
    /// Application records that stayed closed.
    std::uint64_t closed() const { return closed_; }
    TlsTrouble trouble() const;
    /// Of the handshake; 0 when it was not seen.
    std::uint16_t suite_id() const { return suite_id_; }
    std::uint16_t version() const { return version_; }

private:
    /// Handshake messages out of records, the few whose content matters kept whole.
    struct Handshake {
        std::vector<char> bytes;
        std::uint32_t skip{};  // bytes of a message that does not matter
    };
    struct Half {
        bool sealed{};             // up to TLS 1.2: after ChangeCipherSpec
        bool lost{};               // looking for a record that opens
        bool dead{};               // nothing will open any more
        std::vector<char> buffer;  // a record that is not all there; while lost, all since
        std::uint64_t position{};  // of the buffer's first byte
        std::vector<std::uint64_t> refused;  // while lost: where there is no record after all
        std::uint64_t skip{};                // bytes of a record whose beginning is missing
        std::uint64_t lost_bytes{};
        std::uint32_t closed_in_a_row{};
        std::optional<RecordKeys> keys;
        std::uint64_t sequence{};
        const Suite* suite{};  // TLS 1.3: of `keys`
        Secret secret;         // TLS 1.3: where `keys` come from
        std::uint8_t stage{};  // TLS 1.3: secrets before this one of the direction are done with
        Handshake handshake;
    };
    struct Opened {
        std::uint8_t type{};
        Bytes bytes;
    };

    Half& half(Party party) { return halves_[static_cast<std::size_t>(party)]; }
    Bytes complete_record(Party from, Bytes bytes, Nanos time);
    std::size_t take_records(Party from, Bytes bytes, Nanos time);
    void take_record(Party from, Bytes record, Nanos time);
    void lose(Party from, std::uint64_t length, Nanos time);
    void find_record(Party from, Nanos time);
    bool is_proven(Party from, Bytes rest, Opened& content, Nanos time);
    bool is_sealed(const Half& sender, std::uint8_t type) const;
    bool open(Party from, Bytes record, std::uint64_t reach, Opened& content);
    bool open_with(Half& sender, RecordKeys& keys, std::uint64_t sequence, Bytes record,
                   Opened& content);
    bool open_ahead(Half& sender, RecordKeys& keys, std::uint64_t sequence, std::uint64_t reach,
                    Bytes record, Opened& content);
    bool open_with_later_secret(Party from, Bytes record, std::uint64_t reach, Opened& content);
    bool try_secret(Half& sender, const Suite& suite, const Secret& secret, std::uint64_t reach,
                    Bytes record, Opened& content);
    void take_content(Party from, const Opened& content, Nanos time);
    void take_handshake(Party from, Bytes bytes);
    void take_message(Party from, std::uint8_t type, Bytes body);
    void take_client_hello(Party from, Bytes body);
    void take_server_hello(Party from, Bytes body);
    void change_cipher(Party from);
    bool spend(std::size_t bytes);

    const KeyLog& keys_;
    PlaintextSink& sink_;
    std::array<Half, 2> halves_;
    Party client_{Party::first};
    bool has_client_random_{};
    bool has_server_random_{};
    ClientRandom client_random_{};
    ClientRandom server_random_{};
    std::uint16_t version_{};
    std::uint16_t suite_id_{};
    bool compressed_{};
    bool mac_last_{};  // cbc: encrypt-then-MAC was agreed on
    const Suite* suite_{};
    std::uint64_t records_{};
    std::uint64_t sealed_{};
    std::uint64_t opened_{};
    std::uint64_t closed_{};
    std::uint64_t budget_{std::uint64_t{64} << 20};  // bytes of attempts
    std::vector<char> spare_;                        // a record put together, while it is taken
    std::array<char, longest_record + record_head> room_{};
};

}  // namespace tranche::capture
