#include "net/aster/authenticator.hpp"

#include <utility>

#include "core/require.hpp"

namespace tranche::aster {

Result<Authenticator> Authenticator::create(const Credentials& credentials, std::uint64_t chain_id,
                                            NonceSource& nonces) {
    Authenticator made{nonces};
    if (credentials.scheme == AuthScheme::v1) {
        made.signer_.emplace<HmacSigner>(credentials.key);
        made.api_key_ = credentials.api_key;
        return made;
    }
    auto signer = WalletSigner::create(credentials.key, chain_id);
    if (!signer) return signer.error();
    made.signer_parameter_ = "&signer=" + std::string{signer.value().address()};
    made.signer_.emplace<WalletSigner>(std::move(signer).value());
    return made;
}

std::string_view Authenticator::address() const {
    const auto* wallet = std::get_if<WalletSigner>(&signer_);
    return wallet == nullptr ? std::string_view{} : wallet->address();
}

std::unique_ptr<PresignedPool> Authenticator::make_pool(std::size_t entries) const {
    const auto* wallet = std::get_if<WalletSigner>(&signer_);
    return wallet == nullptr || entries == 0 ? nullptr : wallet->make_pool(entries);
}

std::uint64_t Authenticator::sign(Text& text, std::size_t begin, Nanos now,
                                  PresignedPool* pool) const {
    if (const auto* wallet = std::get_if<WalletSigner>(&signer_)) {
        const std::uint64_t nonce = nonces_->next(now);
        sign_by(*wallet, text, begin, nonce, pool);
        return nonce;
    }
    const auto* hmac = std::get_if<HmacSigner>(&signer_);
    require(hmac != nullptr, "whoever signs has a key");
    sign_by(*hmac, text, begin, now);
    return 0;
}

void Authenticator::sign_again(Text& text, std::size_t begin, std::uint64_t nonce,
                               PresignedPool* pool) const {
    const auto* wallet = std::get_if<WalletSigner>(&signer_);
    require(wallet != nullptr, "only V3 has nonces");
    sign_by(*wallet, text, begin, nonce, pool);
}

void Authenticator::sign_by(const WalletSigner& signer, Text& text, std::size_t begin,
                            std::uint64_t nonce, PresignedPool* pool) const {
    text.put(text.size() == begin ? std::string_view{"nonce="} : std::string_view{"&nonce="});
    text.put(nonce);
    text.put(signer_parameter_);
    const std::string_view message = text.from(begin);
    text.put("&signature=");
    const auto room =
        text.take(WalletSigner::signature_length).first<WalletSigner::signature_length>();
    if (pool == nullptr)
        signer.sign(message, room);
    else
        signer.sign(message, *pool, room);
}

void Authenticator::sign_by(const HmacSigner& signer, Text& text, std::size_t begin,
                            Nanos now) const {
    text.put(text.size() == begin ? std::string_view{"recvWindow="}
                                  : std::string_view{"&recvWindow="});
    text.put(receive_window_ms);
    text.put("&timestamp=");
    text.put(static_cast<std::uint64_t>(nonces_->server_time(now).milliseconds()));
    const std::string_view message = text.from(begin);
    text.put("&signature=");
    signer.sign(message,
                text.take(HmacSigner::signature_length).first<HmacSigner::signature_length>());
}

}  // namespace tranche::aster
