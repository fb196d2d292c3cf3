#include "net/aster/keccak.hpp"

#include <cryptopp/keccak.h>
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace tranche::aster {
namespace {

Hash by_cryptopp(const std::string& bytes) {
    CryptoPP::Keccak_256 hasher;
    Hash hash;
    hasher.CalculateDigest(hash.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                           bytes.size());
    return hash;
}

TEST(Keccak, AgreesWithCryptoppOnEveryLengthAroundItsBlocks) {
    std::mt19937_64 random{7};
    for (std::size_t length = 0; length <= 700; ++length) {
        std::string bytes(length, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        ASSERT_EQ(keccak256(bytes), by_cryptopp(bytes)) << length;
    }
}

TEST(Keccak, AgreesWithCryptoppOnBytesThatAreAllAlike) {
    for (const char byte : {'\x00', '\x01', '\x80', '\xff'})
        for (const std::size_t length : {1U, 64U, 66U, 135U, 136U, 137U, 271U, 272U, 273U}) {
            const std::string bytes(length, byte);
            EXPECT_EQ(keccak256(bytes), by_cryptopp(bytes)) << length;
        }
}

}  // namespace
}  // namespace tranche::aster
