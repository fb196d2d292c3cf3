// An order command → signed request bytes, one thread pinned to the last core. V3 is keccak and
// secp256k1, by the library or from entries made ahead; V1 is HMAC-SHA256. Every V3 signature is
// recovered to the agent's address, and the r and s of the library's are those of bare libsecp256k1
// over the same digest; V1 is compared with OpenSSL.
#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <openssl/hmac.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "bench/report.hpp"
#include "core/clock.hpp"
#include "net/aster/requests.hpp"

namespace tranche::bench {
namespace {

constexpr std::uint64_t chain = 1666;
constexpr std::size_t pool_entries = 1024;
const std::string key_text(64, '7');  // any number below the curve's order is a key
const std::string secret_text(64, 'a');

aster::Authenticator authenticator(AuthScheme scheme, aster::NonceSource& nonces) {
    aster::Credentials credentials;
    credentials.scheme = scheme;
    credentials.key = aster::Secret{scheme == AuthScheme::v3 ? key_text : secret_text};
    if (scheme == AuthScheme::v1) credentials.api_key = "bench-api-key";
    auto made = aster::Authenticator::create(credentials, chain, nonces);
    check(made.ok(), "the key is accepted");
    return std::move(made).value();
}

Command order(std::size_t turn) {
    Command command{};
    command.sequence = turn + 1;
    command.id = {.instance = 1,
                  .role = Role::entry,
                  .reserved = 0,
                  .epoch = 5,
                  .tranche = TrancheId{static_cast<std::uint32_t>(turn + 1)},
                  .generation = 1};
    command.symbol = SymbolId{0};
    command.kind = CommandKind::place;
    command.side = Side::buy;
    command.position_side = PositionSide::long_side;
    command.type = OrderType::limit;
    command.quantity = Quantity{150'000 + static_cast<std::int64_t>(turn)};
    command.price = Price{9'521'010'000'000};
    command.time_in_force = TimeInForce::gtc;
    return command;
}

/// Signed text and signature of a request whose parameters are its body.
std::pair<std::string_view, std::string_view> split(std::string_view request) {
    const std::size_t body = request.find("\r\n\r\n") + 4;
    const std::size_t mark = request.rfind("&signature=");
    check(body != std::string_view::npos + 4 && mark != std::string_view::npos,
          "a request has a body and a signature");
    return {request.substr(body, mark - body), request.substr(mark + 11)};
}

void check_wallet(std::string_view text, std::string_view signature, std::string_view address) {
    const aster::Hash digest = aster::typed_digest(aster::domain_separator(chain), text);
    const auto signer = aster::recover_address(digest, signature);
    check(signer.ok() && std::string_view{signer.value().data(), 42} == address,
          "a signature recovers to its signer");
}

std::string hex(const unsigned char* bytes, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += fmt::format("{:02x}", bytes[i]);
    return text;
}

void check_hmac(std::string_view text, std::string_view signature) {
    std::array<unsigned char, 32> expected;
    HMAC(EVP_sha256(), secret_text.data(), static_cast<int>(secret_text.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), expected.data(),
         nullptr);
    check(hex(expected.data(), expected.size()) == signature, "OpenSSL makes the same HMAC");
}

/// libsecp256k1 and nothing else: digest in, 64 bytes out.
class BareSigner {
public:
    BareSigner() : context_{secp256k1_context_create(SECP256K1_CONTEXT_SIGN)} { key_.fill(0x77); }
    BareSigner(const BareSigner&) = delete;
    BareSigner& operator=(const BareSigner&) = delete;
    ~BareSigner() { secp256k1_context_destroy(context_); }

    void sign(const aster::Hash& digest) {
        const int made = secp256k1_ecdsa_sign_recoverable(context_, &signature_, digest.data(),
                                                          key_.data(), nullptr, nullptr);
        check(made == 1, "libsecp256k1 signs");
    }
    /// r and s as text.
    std::string text() const {
        std::array<unsigned char, 64> compact;
        int recovery = 0;
        secp256k1_ecdsa_recoverable_signature_serialize_compact(context_, compact.data(), &recovery,
                                                                &signature_);
        return hex(compact.data(), compact.size());
    }

private:
    secp256k1_context* context_;
    std::array<unsigned char, 32> key_;
    secp256k1_ecdsa_recoverable_signature signature_{};
};

struct Bench {
    Clock clock;
    aster::NonceSource nonces;
    SymbolTable symbols;
    std::size_t turns;

    explicit Bench(std::size_t with_turns) : turns{with_turns} {
        std::vector<SymbolRules> rules(1);
        rules[0].name = "BTCUSDT";
        symbols = SymbolTable{std::move(rules), 1};
    }
    void wallet();
    void presigned();
    void hmac();
    std::string_view encode(const aster::OrderRequests& requests, std::size_t turn,
                            std::span<char> room, Samples& times) const {
        const Command command = order(turn);
        const Nanos begin = clock.now();
        const std::size_t length = requests.encode(command, begin, room);
        times.add((clock.now() - begin).count);
        check(length > 0, "an order is encoded");
        return {room.data(), length};
    }
};

/// The pool is filled in between, so every signature finds the caches as that leaves them.
void Bench::presigned() {
    const aster::Authenticator account = authenticator(AuthScheme::v3, nonces);
    const auto pool = account.make_pool(pool_entries);
    const aster::OrderRequests requests{
        {.host_header = "localhost", .prefix = {}}, account, symbols, true, pool.get()};
    auto signer = aster::WalletSigner::create(aster::Secret{key_text}, chain);
    check(signer.ok(), "the key is accepted");
    const auto own_pool = signer.value().make_pool(pool_entries);
    Samples whole{turns}, sign{turns}, library{turns}, digest_only{turns}, filled{turns};
    std::array<char, aster::order_request_capacity> room;
    std::array<char, aster::WalletSigner::signature_length> signature;
    for (std::size_t turn = 0; turn < turns; ++turn) {
        while (pool->poll({}) + own_pool->poll({}) > 0 && turn == 0) {
        }
        const auto [text, inside] = split(encode(requests, turn, room, whole));
        check_wallet(text, inside, account.address());
        const Nanos a = clock.now();
        signer.value().sign(text, *own_pool, signature);
        const Nanos b = clock.now();
        check_wallet(text, {signature.data(), signature.size()}, account.address());
        const Nanos c = clock.now();
        signer.value().sign(text, signature);
        const Nanos d = clock.now();
        const aster::Hash digest = aster::typed_digest(aster::domain_separator(chain), text);
        const Nanos e = clock.now();
        check(own_pool->sign(digest, signature), "an entry is ready");
        const Nanos f = clock.now();
        const std::size_t made = own_pool->poll({});
        filled.add((clock.now() - f).count /
                   static_cast<std::int64_t>(std::max(made, std::size_t{1})));
        sign.add((b - a).count);
        library.add((d - c).count);
        digest_only.add((f - e).count);
    }
    check(pool->empty() == 0 && own_pool->empty() == 0, "the pools were never empty");
    const auto faster = [&library](const Samples& samples) {
        return fmt::format("{:.1f} times faster than the library's",
                           static_cast<double>(library.percentiles().p50) /
                               static_cast<double>(samples.percentiles().p50));
    };
    print_row("V3 order, whole request, from the pool", whole.percentiles(), faster(whole));
    print_row("V3 sign from the pool: keccak, 1 product, hex", sign.percentiles(), faster(sign));
    print_row("  without the digest", digest_only.percentiles());
    print_row("  the library's full sign in the same run", library.percentiles());
    print_row("  cold: making one entry", filled.percentiles());
}

void Bench::wallet() {
    const aster::Authenticator account = authenticator(AuthScheme::v3, nonces);
    const aster::OrderRequests requests{
        {.host_header = "localhost", .prefix = {}}, account, symbols, true};
    auto signer = aster::WalletSigner::create(aster::Secret{key_text}, chain);
    check(signer.ok(), "the key is accepted");
    BareSigner bare;
    const aster::Hash domain = aster::domain_separator(chain);
    Samples whole{turns}, sign{turns}, digest_times{turns}, floor{turns};
    std::array<char, aster::order_request_capacity> room;
    std::array<char, aster::WalletSigner::signature_length> signature;
    for (std::size_t turn = 0; turn < turns; ++turn) {
        const auto [text, inside] = split(encode(requests, turn, room, whole));
        check_wallet(text, inside, account.address());
        const Nanos a = clock.now();
        const aster::Hash digest = aster::typed_digest(domain, text);
        const Nanos b = clock.now();
        bare.sign(digest);
        const Nanos c = clock.now();
        signer.value().sign(text, signature);
        const Nanos d = clock.now();
        digest_times.add((b - a).count);
        floor.add((c - b).count);
        sign.add((d - c).count);
        check((std::string_view{signature.data(), signature.size()} == inside),
              "one text has one signature");
        check(inside.substr(2, 128) == bare.text(), "libsecp256k1 alone makes the same r and s");
    }
    const auto bare_p50 = static_cast<double>(floor.percentiles().p50);
    const auto ratio = [bare_p50](const Samples& samples) {
        return fmt::format("{:.3f} × bare",
                           static_cast<double>(samples.percentiles().p50) / bare_p50);
    };
    print_row("V3 order, whole request", whole.percentiles(), ratio(whole));
    print_row("V3 sign: keccak, secp256k1, hex", sign.percentiles(), ratio(sign));
    print_row("  keccak digest", digest_times.percentiles());
    print_row("  floor: bare libsecp256k1 sign", floor.percentiles());
}

void Bench::hmac() {
    const aster::Authenticator account = authenticator(AuthScheme::v1, nonces);
    const aster::OrderRequests requests{
        {.auth = AuthScheme::v1, .host_header = "localhost", .prefix = {}}, account, symbols, true};
    const aster::HmacSigner signer{aster::Secret{secret_text}};
    Samples whole{turns}, sign{turns};
    std::array<char, aster::order_request_capacity> room;
    std::array<char, aster::HmacSigner::signature_length> signature;
    for (std::size_t turn = 0; turn < turns; ++turn) {
        const auto [text, inside] = split(encode(requests, turn, room, whole));
        check_hmac(text, inside);
        const Nanos begin = clock.now();
        signer.sign(text, signature);
        sign.add((clock.now() - begin).count);
        check((std::string_view{signature.data(), signature.size()} == inside),
              "one text has one signature");
    }
    print_row("V1 order, whole request", whole.percentiles());
    print_row("V1 sign: HMAC-SHA256, hex", sign.percentiles());
}

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    using namespace tranche::bench;
    pin_to_core(hot_core());
    Bench bench{is_smoke(argc, argv) ? std::size_t{200} : std::size_t{20'000}};
    print_head("sign: order command → signed request");
    bench.wallet();
    bench.presigned();
    bench.hmac();
    return 0;
}
