#include "net/capture/tls_cipher.hpp"

#include <algorithm>
#include <cstring>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string>
#include <string_view>

namespace tranche::capture {
namespace {

constexpr std::size_t tag_length = 16;
constexpr std::size_t nonce_length = 12;
constexpr std::uint16_t tls12 = 0x0303;

constexpr Suite modern[] = {
    {0x1301, CipherKind::gcm, "AES-128-GCM", 16, "SHA256", nullptr, 0, true},
    {0x1302, CipherKind::gcm, "AES-256-GCM", 32, "SHA384", nullptr, 0, true},
    {0x1303, CipherKind::chacha20, "ChaCha20-Poly1305", 32, "SHA256", nullptr, 0, true},
};

constexpr Suite gcm128(std::uint16_t id) {
    return {id, CipherKind::gcm, "AES-128-GCM", 16, "SHA256", nullptr, 0, false};
}
constexpr Suite gcm256(std::uint16_t id) {
    return {id, CipherKind::gcm, "AES-256-GCM", 32, "SHA384", nullptr, 0, false};
}
constexpr Suite chacha(std::uint16_t id) {
    return {id, CipherKind::chacha20, "ChaCha20-Poly1305", 32, "SHA256", nullptr, 0, false};
}
constexpr Suite cbc(std::uint16_t id, const char* cipher, std::uint8_t key, const char* mac,
                    std::uint8_t mac_length, const char* hash = "SHA256") {
    return {id, CipherKind::cbc, cipher, key, hash, mac, mac_length, false};
}

constexpr Suite classic[] = {
    gcm128(0x009C),
    gcm256(0x009D),
    gcm128(0x009E),
    gcm256(0x009F),
    gcm128(0x00A2),
    gcm256(0x00A3),
    gcm128(0x00A8),
    gcm256(0x00A9),
    gcm128(0xC02B),
    gcm256(0xC02C),
    gcm128(0xC02D),
    gcm256(0xC02E),
    gcm128(0xC02F),
    gcm256(0xC030),
    gcm128(0xC031),
    gcm256(0xC032),
    chacha(0xCCA8),
    chacha(0xCCA9),
    chacha(0xCCAA),
    chacha(0xCCAB),
    chacha(0xCCAC),
    chacha(0xCCAD),
    chacha(0xCCAE),
    cbc(0x000A, "DES-EDE3-CBC", 24, "SHA1", 20),
    cbc(0x0013, "DES-EDE3-CBC", 24, "SHA1", 20),
    cbc(0x0016, "DES-EDE3-CBC", 24, "SHA1", 20),
    cbc(0xC003, "DES-EDE3-CBC", 24, "SHA1", 20),
    cbc(0xC008, "DES-EDE3-CBC", 24, "SHA1", 20),
    cbc(0xC00D, "DES-EDE3-CBC", 24, "SHA1", 20),
    cbc(0xC012, "DES-EDE3-CBC", 24, "SHA1", 20),
    cbc(0x002F, "AES-128-CBC", 16, "SHA1", 20),
    cbc(0x0032, "AES-128-CBC", 16, "SHA1", 20),
    cbc(0x0033, "AES-128-CBC", 16, "SHA1", 20),
    cbc(0xC004, "AES-128-CBC", 16, "SHA1", 20),
    cbc(0xC009, "AES-128-CBC", 16, "SHA1", 20),
    cbc(0xC00E, "AES-128-CBC", 16, "SHA1", 20),
    cbc(0xC013, "AES-128-CBC", 16, "SHA1", 20),
    cbc(0x0035, "AES-256-CBC", 32, "SHA1", 20),
    cbc(0x0038, "AES-256-CBC", 32, "SHA1", 20),
    cbc(0x0039, "AES-256-CBC", 32, "SHA1", 20),
    cbc(0xC005, "AES-256-CBC", 32, "SHA1", 20),
    cbc(0xC00A, "AES-256-CBC", 32, "SHA1", 20),
    cbc(0xC00F, "AES-256-CBC", 32, "SHA1", 20),
    cbc(0xC014, "AES-256-CBC", 32, "SHA1", 20),
    cbc(0x003C, "AES-128-CBC", 16, "SHA256", 32),
    cbc(0x0040, "AES-128-CBC", 16, "SHA256", 32),
    cbc(0x0067, "AES-128-CBC", 16, "SHA256", 32),
    cbc(0xC023, "AES-128-CBC", 16, "SHA256", 32),
    cbc(0xC025, "AES-128-CBC", 16, "SHA256", 32),
    cbc(0xC027, "AES-128-CBC", 16, "SHA256", 32),
    cbc(0xC029, "AES-128-CBC", 16, "SHA256", 32),
    cbc(0x003D, "AES-256-CBC", 32, "SHA256", 32),
    cbc(0x006A, "AES-256-CBC", 32, "SHA256", 32),
    cbc(0x006B, "AES-256-CBC", 32, "SHA256", 32),
    cbc(0xC024, "AES-256-CBC", 32, "SHA384", 48, "SHA384"),
    cbc(0xC026, "AES-256-CBC", 32, "SHA384", 48, "SHA384"),
    cbc(0xC028, "AES-256-CBC", 32, "SHA384", 48, "SHA384"),
    cbc(0xC02A, "AES-256-CBC", 32, "SHA384", 48, "SHA384"),
    cbc(0x0041, "CAMELLIA-128-CBC", 16, "SHA1", 20),
    cbc(0x0044, "CAMELLIA-128-CBC", 16, "SHA1", 20),
    cbc(0x0045, "CAMELLIA-128-CBC", 16, "SHA1", 20),
    cbc(0x0084, "CAMELLIA-256-CBC", 32, "SHA1", 20),
    cbc(0x0087, "CAMELLIA-256-CBC", 32, "SHA1", 20),
    cbc(0x0088, "CAMELLIA-256-CBC", 32, "SHA1", 20),
};

const unsigned char* u8(const char* bytes) {
    return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* u8(char* bytes) {
    return reinterpret_cast<unsigned char*>(bytes);
}

/// One derivation by OpenSSL; false when it refuses.
bool derive(const char* kdf, OSSL_PARAM* parameters, std::span<char> into) {
    EVP_KDF* algorithm = EVP_KDF_fetch(nullptr, kdf, nullptr);
    if (algorithm == nullptr) return false;
    EVP_KDF_CTX* context = EVP_KDF_CTX_new(algorithm);
    EVP_KDF_free(algorithm);
    if (context == nullptr) return false;
    const bool done = EVP_KDF_derive(context, u8(into.data()), into.size(), parameters) == 1;
    EVP_KDF_CTX_free(context);
    return done;
}

OSSL_PARAM words(const char* key, const char* value) {
    return OSSL_PARAM_construct_utf8_string(key, const_cast<char*>(value), 0);
}
OSSL_PARAM octets(const char* key, Bytes value) {
    return OSSL_PARAM_construct_octet_string(key, const_cast<char*>(value.data()), value.size());
}

/// HKDF-Expand-Label without context (RFC 8446, 7.1).
bool expand_label(const char* hash, Bytes secret, std::string_view label, std::span<char> into) {
    std::string info;
    info += static_cast<char>(into.size() >> 8U);
    info += static_cast<char>(into.size() & 0xFFU);
    info += static_cast<char>(6 + label.size());
    info.append("tls13 ").append(label).push_back('\0');
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                               words(OSSL_KDF_PARAM_DIGEST, hash),
                               octets(OSSL_KDF_PARAM_KEY, secret),
                               octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
    return derive("HKDF", parameters, into);
}

/// PRF of TLS 1.0 to 1.2 (RFC 5246, 5).
bool prf(const char* hash, Bytes secret, const std::string& seed, std::span<char> into) {
    OSSL_PARAM parameters[] = {words(OSSL_KDF_PARAM_DIGEST, hash),
                               octets(OSSL_KDF_PARAM_SECRET, secret),
                               octets(OSSL_KDF_PARAM_SEED, seed), OSSL_PARAM_construct_end()};
    return derive("TLS1-PRF", parameters, into);
}

void put_sequence(std::span<char> into, std::uint64_t sequence) {
    for (std::size_t i = 0; i < 8; ++i)
        into[i] = static_cast<char>(sequence >> (56U - 8U * static_cast<unsigned>(i)));
}

std::size_t block_size(const Suite& suite) {
    return std::string_view{suite.cipher}.starts_with("DES") ? 8 : 16;
}

}  // namespace

const Suite* find_suite(std::uint16_t id) {
    for (const Suite& suite : modern)
        if (suite.id == id) return &suite;
    for (const Suite& suite : classic)
        if (suite.id == id) return &suite;
    return nullptr;
}

std::span<const Suite> tls13_suites() {
    return modern;
}

bool secret_fits(const Suite& suite, std::size_t length) {
    return length == (std::string_view{suite.hash} == "SHA384" ? 48U : 32U);
}

void RecordKeys::Free::operator()(evp_cipher_ctx_st* context) const {
    EVP_CIPHER_CTX_free(context);
}

bool RecordKeys::start(Bytes key) {
    EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, suite_->cipher, nullptr);
    if (cipher == nullptr) return false;
    context_.reset(EVP_CIPHER_CTX_new());
    const bool set =
        context_ != nullptr &&
        EVP_DecryptInit_ex2(context_.get(), cipher, u8(key.data()), nullptr, nullptr) == 1 &&
        EVP_CIPHER_CTX_set_padding(context_.get(), 0) == 1;
    EVP_CIPHER_free(cipher);
    return set;
}

std::optional<RecordKeys> RecordKeys::from_secret(const Suite& suite, Bytes secret) {
    RecordKeys keys{suite, 0x0304};
    std::array<char, 32> key{};
    const std::span<char> wanted = std::span{key}.first(suite.key_length);
    if (!suite.tls13 || !secret_fits(suite, secret.size()) ||
        !expand_label(suite.hash, secret, "key", wanted) ||
        !expand_label(suite.hash, secret, "iv", std::span{keys.iv_}.first(nonce_length)) ||
        !keys.start(wanted))
        return std::nullopt;
    return keys;
}

std::optional<RecordKeys> RecordKeys::from_master(const Suite& suite, Protocol protocol,
                                                  Bytes master, Bytes client_random,
                                                  Bytes server_random) {
    const std::uint16_t version = protocol.version;
    const bool cbc_mode = suite.kind == CipherKind::cbc;
    if (suite.tls13 || version < 0x0301 || (!cbc_mode && version != tls12)) return std::nullopt;
    RecordKeys keys{suite, version};
    keys.mac_last_ = protocol.mac_last && cbc_mode;
    const std::size_t mac = suite.mac_length;
    const std::size_t key = suite.key_length;
    std::size_t iv = suite.kind == CipherKind::chacha20 ? nonce_length : 4;
    if (cbc_mode) iv = version < 0x0302 ? block_size(suite) : 0;
    std::array<char, 256> block{};
    std::string seed{"key expansion"};
    seed.append(server_random.data(), server_random.size());
    seed.append(client_random.data(), client_random.size());
    const char* const hash = version < tls12 ? "MD5-SHA1" : suite.hash;
    const std::span<char> derived = std::span{block}.first(2 * (mac + key + iv));
    if (!prf(hash, master, seed, derived)) return std::nullopt;
    const std::size_t which = protocol.client ? 0 : 1;
    std::copy_n(derived.begin() + static_cast<std::ptrdiff_t>(which * mac), mac,
                keys.mac_key_.begin());
    std::copy_n(derived.begin() + static_cast<std::ptrdiff_t>(2 * (mac + key) + which * iv), iv,
                keys.iv_.begin());
    if (!keys.start(derived.subspan(2 * mac + which * key, key))) return std::nullopt;
    return keys;
}

std::ptrdiff_t RecordKeys::open(std::uint64_t sequence, Bytes record, std::span<char> room) {
    return suite_->kind == CipherKind::cbc ? open_cbc(sequence, record, room)
                                           : open_aead(sequence, record, room);
}

std::ptrdiff_t RecordKeys::open_aead(std::uint64_t sequence, Bytes record, std::span<char> room) {
    const bool modern_record = version_ == 0x0304;
    const std::size_t explicit_nonce = !modern_record && suite_->kind == CipherKind::gcm ? 8 : 0;
    if (record.size() < record_head + explicit_nonce + tag_length) return -1;
    const Bytes sealed = record.subspan(record_head + explicit_nonce);
    const std::size_t length = sealed.size() - tag_length;
    std::array<char, nonce_length> nonce{};
    std::copy_n(iv_.begin(), nonce_length, nonce.begin());
    std::array<char, 8> number{};
    put_sequence(number, sequence);
    if (explicit_nonce > 0) {
        std::memcpy(nonce.data() + 4, record.data() + record_head, 8);
    } else {
        for (std::size_t i = 0; i < 8; ++i)
            nonce[4 + i] = static_cast<char>(nonce[4 + i] ^ number[i]);
    }
    std::array<char, 13> extra{};
    std::size_t extra_length = record_head;
    if (modern_record) {
        std::memcpy(extra.data(), record.data(), record_head);
    } else {
        std::memcpy(extra.data(), number.data(), 8);
        std::memcpy(extra.data() + 8, record.data(), 3);
        extra[11] = static_cast<char>(length >> 8U);
        extra[12] = static_cast<char>(length & 0xFFU);
        extra_length = extra.size();
    }
    EVP_CIPHER_CTX* const context = context_.get();
    int written = 0;
    int last = 0;
    auto* const tag = const_cast<char*>(sealed.data() + length);
    if (EVP_DecryptInit_ex2(context, nullptr, nullptr, u8(nonce.data()), nullptr) != 1 ||
        EVP_DecryptUpdate(context, nullptr, &written, u8(extra.data()),
                          static_cast<int>(extra_length)) != 1 ||
        EVP_DecryptUpdate(context, u8(room.data()), &written, u8(sealed.data()),
                          static_cast<int>(length)) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_length, tag) != 1 ||
        EVP_DecryptFinal_ex(context, u8(room.data()) + written, &last) != 1)
        return -1;
    return written + last;
}

std::ptrdiff_t RecordKeys::open_cbc(std::uint64_t sequence, Bytes record, std::span<char> room) {
    const std::size_t block = block_size(*suite_);
    const std::size_t own_iv = version_ >= 0x0302 ? block : 0;
    const std::size_t mac = suite_->mac_length;
    Bytes sealed = slice(record, record_head + own_iv);
    if (mac_last_) {
        if (sealed.size() < mac || record.size() < record_head + mac) return -1;
        const Bytes covered = record.subspan(record_head, record.size() - record_head - mac);
        if (!mac_is_right(sequence, record, covered, record.last(mac))) return -1;
        sealed = sealed.first(sealed.size() - mac);
    }
    if (sealed.empty() || sealed.size() % block != 0) return -1;
    const char* const iv = own_iv > 0 ? record.data() + record_head : iv_.data();
    int written = 0;
    if (EVP_DecryptInit_ex2(context_.get(), nullptr, nullptr, u8(iv), nullptr) != 1 ||
        EVP_DecryptUpdate(context_.get(), u8(room.data()), &written, u8(sealed.data()),
                          static_cast<int>(sealed.size())) != 1)
        return -1;
    const Bytes opened = Bytes{room}.first(static_cast<std::size_t>(written));
    const std::size_t padding = opened.empty() ? 0 : byte_at(opened, opened.size() - 1) + 1U;
    const std::size_t behind = padding + (mac_last_ ? 0 : mac);
    if (opened.size() < behind) return -1;
    const std::size_t length = opened.size() - behind;
    if (!mac_last_ &&
        !mac_is_right(sequence, record, opened.first(length), opened.subspan(length, mac)))
        return -1;
    if (own_iv == 0) std::memcpy(iv_.data(), sealed.data() + sealed.size() - block, block);
    return static_cast<std::ptrdiff_t>(length);
}

bool RecordKeys::mac_is_right(std::uint64_t sequence, Bytes record, Bytes covered,
                              Bytes mac) const {
    std::string text(13, '\0');
    put_sequence(text, sequence);
    std::memcpy(text.data() + 8, record.data(), 3);
    text[11] = static_cast<char>(covered.size() >> 8U);
    text[12] = static_cast<char>(covered.size() & 0xFFU);
    text.append(covered.data(), covered.size());
    std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
    unsigned length = 0;
    HMAC(EVP_get_digestbyname(suite_->mac), mac_key_.data(), suite_->mac_length, u8(text.data()),
         text.size(), made.data(), &length);
    return length == mac.size() && std::memcmp(made.data(), mac.data(), length) == 0;
}

bool next_secret(const Suite& suite, Bytes secret, std::span<char> into) {
    return expand_label(suite.hash, secret, "traffic upd", into);
}

}  // namespace tranche::capture
