#include "net/aster/credentials.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tranche::aster {
namespace {

constexpr const char* key_text = "4fd0a42218f3eae43a6ce26d22544e986139a01e5b34a62db53757ffca81bae1";
constexpr const char* user_text = "0x63DD5aCC6b1aa0f563956C0e534DD30B6dcF7C4e";
constexpr const char* api_key_text = "kdbefbc809e3e83c283a984c3a145973";
constexpr const char* api_secret_text = "s2b5eb11e18796d12d88f13dc27dbbd0";

/// An environment without credentials, and a folder for files of them.
class CredentialsTest : public testing::Test {
protected:
    CredentialsTest() {
        for (const char* name : {"TRANCHE_SIGNER_KEY_FILE", "TRANCHE_USER", "API_KEY", "API_SECRET",
                                 "API_SECRET_FILE", "CREDENTIALS_DIRECTORY"})
            ::unsetenv(name);
        std::string pattern = testing::TempDir() + "tranche-credentials-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~CredentialsTest() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& name, const std::string& content, mode_t mode = 0600) {
        const std::string path = folder_ + "/" + name;
        std::ofstream{path} << content;
        ::chmod(path.c_str(), mode);
        return path;
    }
    static void set(const char* name, const std::string& value) {
        ::setenv(name, value.c_str(), 1);
    }
    static std::string refusal(AuthScheme scheme) {
        const auto loaded = load_credentials(scheme);
        EXPECT_FALSE(loaded.ok());
        if (loaded.ok()) return {};
        EXPECT_EQ(loaded.error().kind, ErrorKind::credentials);
        EXPECT_EQ(loaded.error().message.find(key_text), std::string::npos);
        EXPECT_EQ(loaded.error().message.find(api_secret_text), std::string::npos);
        return loaded.error().message;
    }

    std::string folder_;
};

TEST_F(CredentialsTest, AWalletComesFromAFileAndTheEnvironment) {
    set("TRANCHE_SIGNER_KEY_FILE", file("key", std::string{"0x"} + key_text + "\n"));
    set("TRANCHE_USER", user_text);
    const auto loaded = load_credentials(AuthScheme::v3);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(loaded.value().key.reveal(), std::string{"0x"} + key_text);
    EXPECT_EQ(loaded.value().user, user_text);
}

TEST_F(CredentialsTest, BothSchemesComeFromTheServicesCredentials) {
    set("CREDENTIALS_DIRECTORY", folder_);
    file("signer_key", key_text, 0400);
    file("user", user_text, 0400);
    file("api_key", api_key_text, 0400);
    file("api_secret", api_secret_text, 0400);
    EXPECT_TRUE(load_credentials(AuthScheme::v3).ok());
    const auto v1 = load_credentials(AuthScheme::v1);
    ASSERT_TRUE(v1.ok());
    EXPECT_EQ(v1.value().api_key, api_key_text);
    EXPECT_EQ(v1.value().key.reveal(), api_secret_text);
}

TEST_F(CredentialsTest, AnApiSecretComesFromTheEnvironmentOrAFile) {
    set("API_KEY", api_key_text);
    set("API_SECRET_FILE", file("secret", api_secret_text));
    EXPECT_TRUE(load_credentials(AuthScheme::v1).ok());
    ::unsetenv("API_SECRET_FILE");
    set("API_SECRET", api_secret_text);
    EXPECT_TRUE(load_credentials(AuthScheme::v1).ok());
}

TEST_F(CredentialsTest, FilesThatOthersMayReadAreRefusedWithTheCure) {
    set("TRANCHE_USER", user_text);
    for (const mode_t mode : std::array<mode_t, 4>{0640, 0604, 0620, 0601}) {
        const std::string path = file("key", key_text, mode);
        set("TRANCHE_SIGNER_KEY_FILE", path);
        EXPECT_NE(refusal(AuthScheme::v3).find("chmod 600 " + path), std::string::npos) << mode;
    }
}

TEST_F(CredentialsTest, WhatIsMissingIsNamed) {
    EXPECT_NE(refusal(AuthScheme::v3).find("TRANCHE_SIGNER_KEY_FILE"), std::string::npos);
    set("TRANCHE_SIGNER_KEY_FILE", file("key", key_text));
    EXPECT_NE(refusal(AuthScheme::v3).find("TRANCHE_USER"), std::string::npos);
    EXPECT_NE(refusal(AuthScheme::v1).find("API_KEY"), std::string::npos);
    set("API_KEY", api_key_text);
    EXPECT_NE(refusal(AuthScheme::v1).find("API_SECRET or API_SECRET_FILE"), std::string::npos);
    set("TRANCHE_SIGNER_KEY_FILE", folder_ + "/absent");
    EXPECT_NE(refusal(AuthScheme::v3).find("absent"), std::string::npos);
    set("TRANCHE_SIGNER_KEY_FILE", folder_);
    EXPECT_NE(refusal(AuthScheme::v3).find("regular file"), std::string::npos);
}

TEST_F(CredentialsTest, MalformedOnesAreRefusedWithoutBeingShown) {
    set("TRANCHE_USER", user_text);
    set("TRANCHE_SIGNER_KEY_FILE", file("key", std::string{key_text} + "0"));
    EXPECT_NE(refusal(AuthScheme::v3).find("64 hex digits"), std::string::npos);
    set("TRANCHE_SIGNER_KEY_FILE", file("key", "\n \n"));
    EXPECT_NE(refusal(AuthScheme::v3).find("empty"), std::string::npos);
    set("TRANCHE_SIGNER_KEY_FILE", file("key", std::string(5000, '1')));
    EXPECT_NE(refusal(AuthScheme::v3).find("4096"), std::string::npos);
    set("TRANCHE_SIGNER_KEY_FILE", file("key", key_text));
    set("TRANCHE_USER", "0x63DD5aCC6b1aa0f563956C0e534DD30B6dcF7C4E");
    EXPECT_NE(refusal(AuthScheme::v3).find("TRANCHE_USER"), std::string::npos);
}

TEST_F(CredentialsTest, PlaceholdersAndShortSecretsAreRefused) {
    set("API_KEY", api_key_text);
    for (const char* secret : {"your_api_secret_here_0000", "xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                               "<paste your secret here!>", "CHANGEME-CHANGEME-CHANGEME"}) {
        set("API_SECRET", secret);
        EXPECT_NE(refusal(AuthScheme::v1).find("placeholder"), std::string::npos) << secret;
    }
    set("API_SECRET", "s2b5eb11e18796d12d8");
    EXPECT_NE(refusal(AuthScheme::v1).find("19 characters"), std::string::npos);
    set("API_SECRET", "s2b5eb11e18796d12d88 f13dc27dbbd0");
    EXPECT_NE(refusal(AuthScheme::v1).find("blank"), std::string::npos);
}

}  // namespace
}  // namespace tranche::aster
