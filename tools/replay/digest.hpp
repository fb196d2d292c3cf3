// SHA-256 over lines, as they come.
#pragma once

#include <array>
#include <memory>
#include <openssl/evp.h>
#include <string>
#include <string_view>

#include "core/require.hpp"

namespace tranche {

class Digest {
public:
    Digest() : context_{EVP_MD_CTX_new()} {
        require(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1,
                "SHA-256 is there");
    }

    /// A line, its break included.
    void add(std::string_view line) {
        EVP_DigestUpdate(context_.get(), line.data(), line.size());
        EVP_DigestUpdate(context_.get(), "\n", 1);
    }

    /// Of everything so far, in hexadecimal.
    std::string hex() const {
        const std::unique_ptr<EVP_MD_CTX, Free> copy{EVP_MD_CTX_new()};
        std::array<unsigned char, 32> bytes{};
        require(copy && EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1 &&
                    EVP_DigestFinal_ex(copy.get(), bytes.data(), nullptr) == 1,
                "SHA-256 ends");
        std::string text;
        for (const unsigned byte : bytes) {
            text += "0123456789abcdef"[byte >> 4U];
            text += "0123456789abcdef"[byte & 15U];
        }
        return text;
    }

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace tranche
