#include "net/aster/presigned_pool.hpp"

#include <algorithm>
#include <bit>
#include <secp256k1.h>

#include "core/require.hpp"
#include "net/aster/hex.hpp"

namespace tranche::aster {
namespace {

template <class T> void wipe_object(T& object) {
    wipe({reinterpret_cast<char*>(&object), sizeof object});
}

constexpr Scalar zero{};

}  // namespace

PresignedPool::PresignedPool(const Hash& key, std::size_t entries)
    : key_{std::in_place, to_montgomery(scalar_from(key))},
      wanted_{std::max<std::size_t>(entries, 1)},
      slots_pages_{std::bit_ceil(wanted_) * sizeof(Entry)},
      slots_{static_cast<Entry*>(slots_pages_.memory())},
      ring_{indices_, slots_, std::bit_ceil(wanted_)} {
    slots_pages_.wipe_on_fork();
    for (std::size_t i = 0; i < std::bit_ceil(wanted_); ++i) ::new (slots_ + i) Entry{};
}

std::size_t PresignedPool::poll(Nanos) {
    std::size_t made = 0;
    while (made < batch && ring_.size() < wanted_) {
        Entry* entry = ring_.slot();
        if (entry == nullptr || !fill(*entry)) break;
        ring_.publish();
        ++made;
    }
    return made;
}

/// False when there is no randomness, or (once in 2¹²⁸) a nonce that cannot be used.
bool PresignedPool::fill(Entry& entry) const {
    Hash bytes;
    secp256k1_pubkey point;
    // Uniform in [1, n − 1]: what falls outside is refused, never folded back into the range.
    const bool usable =
        fill_random(bytes) && secp256k1_ec_pubkey_create(context_.get(), &point, bytes.data()) == 1;
    Scalar nonce = scalar_from(bytes);
    wipe_object(bytes);
    if (!usable) return false;
    std::array<std::uint8_t, 65> text;
    std::size_t length = text.size();
    secp256k1_ec_pubkey_serialize(context_.get(), text.data(), &length, &point,
                                  SECP256K1_EC_UNCOMPRESSED);
    Hash x;
    std::copy_n(text.begin() + 1, x.size(), x.begin());
    const Scalar r = scalar_from(x);
    entry.inverse = montgomery_inverse(nonce);
    // An error of the hardware here would publish the key with the signature.
    const bool inverted = montgomery_product(entry.inverse, nonce) == Scalar{{1, 0, 0, 0}};
    wipe_object(nonce);
    // An x at or above the order would need another recovery id.
    if (!inverted || bytes_of(r) != x || r == zero) {
        wipe_object(entry);
        return false;
    }
    entry.tail = montgomery_product(entry.inverse, montgomery_product(*key_, r));
    write_hex(x, entry.r_text.data());
    entry.odd = text.back() & 1;
    entry.ready = 1;
    return true;
}

/// The one multiplication. Its result must not outlive the call: with the signature it is the key.
Scalar PresignedPool::make_s(Entry& entry, const Hash& digest) {
    entry.inverse = montgomery_product(entry.inverse, scalar_from(digest));
    return sum(entry.inverse, entry.tail);
}

bool PresignedPool::sign(const Hash& digest, std::span<char, wallet_signature_length> out) {
    const Entry* next = ring_.front();
    if (next == nullptr) {
        empty_.add();
        return false;
    }
    Entry& entry = slots_[next - slots_];
    const bool ready = entry.ready == 1;
    const Scalar s = make_s(entry, digest);
    const std::uint64_t high = high_mask(s);
    const std::uint8_t recovery = static_cast<std::uint8_t>((entry.odd ^ high) & 1);
    const std::array<char, 64> r_text = entry.r_text;
    wipe_object(entry);
    ring_.pop();
    if (!ready || s == zero) {
        empty_.add();
        return false;
    }
    used_.add();
    out[0] = '0';
    out[1] = 'x';
    std::ranges::copy(r_text, out.begin() + 2);
    write_hex(bytes_of(chosen(high, negative(s), s)), out.data() + 66);
    const std::uint8_t version = 27 + recovery;
    write_hex({&version, 1}, out.data() + 130);
    return true;
}

}  // namespace tranche::aster
