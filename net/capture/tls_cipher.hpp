// Opens TLS records with keys from a key log. All cipher work is OpenSSL's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "net/capture/bytes.hpp"

extern "C" {
struct evp_cipher_ctx_st;
}

namespace tranche::capture {

enum class CipherKind : std::uint8_t { gcm, chacha20, cbc };

/// What a cipher suite asks for.
struct Suite {
    std::uint16_t id{};
    CipherKind kind{};
    const char* cipher{};  // OpenSSL's name
    std::uint8_t key_length{};
    const char* hash{};  // of the key derivation
    const char* mac{};   // cbc: of the records
    std::uint8_t mac_length{};
    bool tls13{};
};

/// Null for a suite that is not read.
const Suite* find_suite(std::uint16_t id);
/// The suites of TLS 1.3 whose secrets are so long.
std::span<const Suite> tls13_suites();
bool secret_fits(const Suite& suite, std::size_t length);

inline constexpr std::size_t record_head = 5;
inline constexpr std::size_t longest_record = 16'384 + 2'048;  // ciphertext, TLS 1.2

/// Up to TLS 1.2: what the keys of a direction depend on, beside the secrets.
struct Protocol {
    std::uint16_t version{};
    bool client{};    // its direction
    bool mac_last{};  // encrypt-then-MAC (RFC 7366)
};

/// One direction of a session between two changes of keys.
class RecordKeys {
public:
    /// TLS 1.3, from a traffic secret.
    static std::optional<RecordKeys> from_secret(const Suite& suite, Bytes secret);
    /// Up to TLS 1.2, from the master secret and both randoms.
    static std::optional<RecordKeys> from_master(const Suite& suite, Protocol protocol,
                                                 Bytes master, Bytes client_random,
                                                 Bytes server_random);

    RecordKeys(RecordKeys&&) noexcept = default;
    RecordKeys& operator=(RecordKeys&&) noexcept = default;
    ~RecordKeys() = default;

    /// Opens one record, head and all. Plaintext bytes written into `room`, which holds at least
    /// the record; -1 when it is not the record of that number, or damaged.
    std::ptrdiff_t open(std::uint64_t sequence, Bytes record, std::span<char> room);
    bool is_tls13() const { return suite_->tls13; }

private:
    struct Free {
        void operator()(evp_cipher_ctx_st* context) const;
    };
    RecordKeys(const Suite& suite, std::uint16_t version) : suite_{&suite}, version_{version} {}
    bool start(Bytes key);
    std::ptrdiff_t open_aead(std::uint64_t sequence, Bytes record, std::span<char> room);
    std::ptrdiff_t open_cbc(std::uint64_t sequence, Bytes record, std::span<char> room);
    bool mac_is_right(std::uint64_t sequence, Bytes record, Bytes covered, Bytes mac) const;

    const Suite* suite_;
    std::uint16_t version_;
    bool mac_last_{};
    std::unique_ptr<evp_cipher_ctx_st, Free> context_;
    std::array<char, 16> iv_{};  // fixed part of the nonce; cbc before TLS 1.1: the last block
    std::array<char, 48> mac_key_{};
};

/// The traffic secret after a key update (RFC 8446, 7.2). False when OpenSSL refuses.
bool next_secret(const Suite& suite, Bytes secret, std::span<char> into);

}  // namespace tranche::capture
