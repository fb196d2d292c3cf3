#include "net/aster/scalar.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <openssl/bn.h>
#include <random>
#include <vector>

namespace tranche::aster {
namespace {

struct Free {
    void operator()(BIGNUM* number) const { BN_free(number); }
    void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, Free>;

#ifdef NDEBUG
constexpr int cases = 100'000;
#else
constexpr int cases = 5'000;
#endif

/// OpenSSL's arithmetic modulo the same order.
class Reference {
public:
    Reference() {
        BIGNUM* order = nullptr;
        BN_hex2bn(&order, "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141");
        order_.reset(order);
    }
    Number number(const Scalar& scalar) const {
        const Hash bytes = bytes_of(scalar);
        return Number{BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)};
    }
    Scalar scalar(const Number& number) const {
        Hash bytes;
        EXPECT_EQ(BN_bn2binpad(number.get(), bytes.data(), static_cast<int>(bytes.size())), 32);
        EXPECT_LT(BN_cmp(number.get(), order_.get()), 0);
        return scalar_from(bytes);
    }
    Scalar reduced(const Hash& bytes) {
        const Number whole{BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)};
        Number rest{BN_new()};
        BN_mod(rest.get(), whole.get(), order_.get(), context_.get());
        return scalar(rest);
    }
    Scalar product(const Scalar& a, const Scalar& b) {
        Number result{BN_new()};
        BN_mod_mul(result.get(), number(a).get(), number(b).get(), order_.get(), context_.get());
        return scalar(result);
    }
    Scalar sum(const Scalar& a, const Scalar& b) {
        Number result{BN_new()};
        BN_mod_add(result.get(), number(a).get(), number(b).get(), order_.get(), context_.get());
        return scalar(result);
    }
    Scalar negative(const Scalar& a) {
        Number result{BN_new()};
        const Number nothing{BN_new()};
        BN_mod_sub(result.get(), nothing.get(), number(a).get(), order_.get(), context_.get());
        return scalar(result);
    }
    Scalar inverse(const Scalar& a) {
        Number result{BN_new()};
        EXPECT_NE(BN_mod_inverse(result.get(), number(a).get(), order_.get(), context_.get()),
                  nullptr);
        return scalar(result);
    }
    bool is_high(const Scalar& a) {
        Number half{BN_new()};
        BN_rshift1(half.get(), order_.get());
        return BN_cmp(number(a).get(), half.get()) > 0;
    }

private:
    std::unique_ptr<BN_CTX, Free> context_{BN_CTX_new()};
    Number order_;
};

Hash bytes_where(std::uint64_t top, std::uint64_t second, std::uint64_t third,
                 std::uint64_t bottom) {
    Hash bytes;
    const std::uint64_t words[] = {top, second, third, bottom};
    for (std::size_t i = 0; i < 32; ++i)
        bytes[i] = static_cast<std::uint8_t>(words[i / 8] >> (56 - 8 * (i % 8)));
    return bytes;
}

/// Numbers at which carries, borrows and reductions begin or end; some at or above the order.
std::vector<Hash> edges() {
    constexpr std::uint64_t all = ~std::uint64_t{0};
    std::vector<Hash> list;
    for (const std::uint64_t bottom : {0U, 1U, 2U, 3U})
        list.push_back(bytes_where(0, 0, 0, bottom));
    for (const std::uint64_t step : {0U, 1U, 2U, 3U}) {
        list.push_back(bytes_where(all, all - 1, group_order[1], group_order[0] - step));
        list.push_back(bytes_where(all, all - 1, group_order[1], group_order[0] + step));
        // half the order and its neighbours
        list.push_back(bytes_where(all >> 1, all, 0x5d576e7357a4501d, 0xdfe92f46681b20a0 + step));
    }
    list.push_back(bytes_where(all, all, all, all));
    list.push_back(bytes_where(0, 0, 0, all));
    list.push_back(bytes_where(0, 0, all, all));
    list.push_back(bytes_where(0, all, all, all));
    list.push_back(bytes_where(all, 0, 0, 0));
    list.push_back(bytes_where(1, 0, 0, 0));
    list.push_back(bytes_where(0, 1, 0, 0));
    list.push_back(bytes_where(0, 0, 1, 0));
    list.push_back(bytes_where(std::uint64_t{1} << 63, 0, 0, 0));
    list.push_back(bytes_where(all, all - 1, all, all));
    list.push_back(bytes_where(all, all - 1, 0, 0));
    return list;
}

void expect_agreement(Reference& reference, const Hash& left, const Hash& right) {
    const Scalar a = scalar_from(left);
    const Scalar b = scalar_from(right);
    ASSERT_EQ(a, reference.reduced(left));
    ASSERT_EQ(b, reference.reduced(right));
    ASSERT_EQ(montgomery_product(to_montgomery(a), b), reference.product(a, b));
    ASSERT_EQ(sum(a, b), reference.sum(a, b));
    ASSERT_EQ(negative(a), reference.negative(a));
    ASSERT_EQ(high_mask(a), reference.is_high(a) ? ~std::uint64_t{0} : 0);
    ASSERT_EQ(chosen(high_mask(a), negative(a), a),
              reference.is_high(a) ? reference.negative(a) : a);
}

TEST(Scalar, CalculatesLikeOpensslWhereCarriesBegin) {
    Reference reference;
    const std::vector<Hash> list = edges();
    for (const Hash& left : list)
        for (const Hash& right : list) expect_agreement(reference, left, right);
}

TEST(Scalar, CalculatesLikeOpensslOnRandomNumbers) {
    Reference reference;
    std::mt19937_64 random{2};
    for (int i = 0; i < cases; ++i)
        expect_agreement(reference, bytes_where(random(), random(), random(), random()),
                         bytes_where(random(), random(), random(), random()));
}

TEST(Scalar, CalculatesLikeOpensslOnNumbersOfLongRunsOfBits) {
    Reference reference;
    std::mt19937_64 random{3};
    const auto run = [&random] {
        std::uint64_t words[4]{};
        const std::uint64_t from = random() % 256;
        const std::uint64_t to = from + random() % (257 - from);
        for (std::uint64_t bit = from; bit < to; ++bit)
            words[bit / 64] |= std::uint64_t{1} << (bit % 64);
        return bytes_where(words[3], words[2], words[1], words[0]);
    };
    for (int i = 0; i < cases / 10; ++i) expect_agreement(reference, run(), run());
}

TEST(Scalar, InvertsLikeOpenssl) {
    Reference reference;
    std::mt19937_64 random{4};
    std::vector<Hash> list = edges();
    for (int i = 0; i < cases / 100; ++i)
        list.push_back(bytes_where(random(), random(), random(), random()));
    for (const Hash& bytes : list) {
        const Scalar a = scalar_from(bytes);
        if (a == Scalar{}) {
            EXPECT_EQ(montgomery_inverse(a), Scalar{});
            continue;
        }
        EXPECT_EQ(montgomery_inverse(a), to_montgomery(reference.inverse(a)));
    }
}

TEST(Scalar, GivesBackTheBytesItWasMadeFrom) {
    std::mt19937_64 random{5};
    for (int i = 0; i < 1'000; ++i) {
        const Hash bytes = bytes_where(random() >> 1, random(), random(), random());
        EXPECT_EQ(bytes_of(scalar_from(bytes)), bytes);
    }
}

}  // namespace
}  // namespace tranche::aster
