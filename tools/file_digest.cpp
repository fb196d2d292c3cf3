#include "tools/file_digest.hpp"

#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <openssl/evp.h>
#include <system_error>

namespace tranche {
namespace {

struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Result<std::string> digest_of(const std::vector<std::string>& paths) {
    const std::unique_ptr<EVP_MD_CTX, FreeDigest> context{EVP_MD_CTX_new()};
    bool fine = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
    std::vector<char> buffer(std::size_t{1} << 20);
    for (const std::string& path : paths) {
        std::error_code failed;
        if (!std::filesystem::exists(path, failed)) continue;
        std::ifstream in{path, std::ios::binary};
        while (fine && in.good()) {
            in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
            fine = EVP_DigestUpdate(context.get(), buffer.data(),
                                    static_cast<std::size_t>(in.gcount())) == 1;
        }
        if (!in.eof() || in.bad())
            return Error{ErrorKind::io, fmt::format("{}: cannot be read", path)};
    }
    std::array<unsigned char, 32> bytes{};
    unsigned length = bytes.size();
    if (!fine || EVP_DigestFinal_ex(context.get(), bytes.data(), &length) != 1)
        return Error{ErrorKind::io, "SHA-256 is not to be had from OpenSSL"};
    std::string text;
    for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

}  // namespace tranche
