#include "net/tls.hpp"

#include <array>
#include <fstream>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <sys/stat.h>
#include <vector>

#include "tests/unit/net/world.hpp"

namespace tranche::testing {
namespace {

/// An OpenSSL server over memory, and the wire between: `chunk` bytes at a time.
class MemoryServer {
public:
    explicit MemoryServer(SSL_CTX* context)
        : ssl_{SSL_new(context)}, in_{BIO_new(BIO_s_mem())}, out_{BIO_new(BIO_s_mem())} {
        SSL_set_bio(ssl_, in_, out_);
        SSL_set_accept_state(ssl_);
    }
    MemoryServer(const MemoryServer&) = delete;
    MemoryServer& operator=(const MemoryServer&) = delete;
    ~MemoryServer() { SSL_free(ssl_); }

    std::string read() {
        std::array<char, 65536> room;
        const int length = SSL_read(ssl_, room.data(), static_cast<int>(room.size()));
        return length > 0 ? std::string(room.data(), static_cast<std::size_t>(length))
                          : std::string{};
    }
    void write(const std::string& bytes) {
        SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    }
    void shut() { SSL_shutdown(ssl_); }
    std::string take_output() {
        std::array<char, 65536> room;
        const int length = BIO_read(out_, room.data(), static_cast<int>(room.size()));
        return length > 0 ? std::string(room.data(), static_cast<std::size_t>(length))
                          : std::string{};
    }
    void feed(std::span<const char> bytes) {
        BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    }
    SSL* ssl() { return ssl_; }

private:
    SSL* ssl_;
    BIO* in_;
    BIO* out_;
};

struct Pair {
    TlsSession& client;
    MemoryServer& server;
    std::size_t chunk;
    std::array<char, 65536> out{};

    void client_to_server() {
        server.feed({out.data(), client.take_output()});
        client.set_output(out);
    }
    /// Gives the client what the server wrote, `chunk` bytes at a time; the plaintext of it.
    std::string server_to_client() {
        const std::string bytes = server.take_output();
        std::string plain;
        for (std::size_t at = 0; at < bytes.size(); at += chunk) {
            client.feed({bytes.data() + at, std::min(chunk, bytes.size() - at)});
            std::array<char, 100> room;
            client.advance();
            while (const std::size_t length = client.read(room)) plain.append(room.data(), length);
            if (client.failure() != TlsFailure::none) return plain;
        }
        return plain;
    }
    bool shake(const std::string& host) {
        client.start(host);
        client.set_output(out);
        client.advance();
        for (int round = 0; round < 8 && client.failure() == TlsFailure::none; ++round) {
            client_to_server();
            server.read();
            server_to_client();
        }
        return client.established() && client.failure() == TlsFailure::none;
    }
};

TEST(Tls, CarriesBytesBothWaysWhateverTheChunks) {
    const Authority authority;
    for (const std::size_t chunk : {1U, 5U, 1000U, 65536U}) {
        TlsSession client{*authority.client};
        MemoryServer server{authority.server.get()};
        Pair pair{client, server, chunk};
        ASSERT_TRUE(pair.shake("localhost")) << client.failure_text();
        EXPECT_STREQ(SSL_get_cipher_name(server.ssl()), "TLS_AES_128_GCM_SHA256");
        EXPECT_STREQ(SSL_get_servername(server.ssl(), TLSEXT_NAMETYPE_host_name), "localhost");
        const std::string question(20'000, 'q');
        ASSERT_TRUE(client.write(question));
        pair.client_to_server();
        EXPECT_EQ(server.read() + server.read(), question);
        server.write(std::string(30'000, 'a'));
        EXPECT_EQ(pair.server_to_client(), std::string(30'000, 'a'));
        EXPECT_FALSE(client.ended());
        server.shut();
        pair.server_to_client();
        EXPECT_TRUE(client.ended());
    }
}

TEST(Tls, VerifiesAnAddressAsWellAsAName) {
    const Authority authority;
    for (const std::string host : {"127.0.0.1", "127.0.0.2"}) {
        TlsSession client{*authority.client};
        MemoryServer server{authority.server.get()};
        Pair pair{client, server, 65536};
        EXPECT_EQ(pair.shake(host), host == "127.0.0.1");
        EXPECT_EQ(client.failure(),
                  host == "127.0.0.1" ? TlsFailure::none : TlsFailure::wrong_host);
    }
}

TEST(Tls, RefusesEachBadCertificateWithItsReason) {
    const Authority trusted;
    const Identity other_root =
        make_identity({.name = "other", .alternatives = "", .authority = true}, nullptr);
    const Identity expired = make_identity({.valid_from = -7200, .valid_to = -1}, &trusted.root);
    const Identity early = make_identity({.valid_from = 3600, .valid_to = 7200}, &trusted.root);
    const Identity elsewhere = make_identity(
        {.alternatives = "DNS:example.com,DNS:*.localhost,IP:192.0.2.7"}, &trusted.root);
    const Identity named_only =
        make_identity({.name = "elsewhere", .alternatives = ""}, &trusted.root);
    const Identity self_signed = make_identity({}, nullptr);
    const Identity unknown = make_identity({}, &other_root);
    struct Case {
        const Identity& identity;
        TlsFailure failure;
        std::vector<std::string> words;
    };
    const Case cases[] = {
        {expired, TlsFailure::expired, {"certificate has expired", "\"CN=localhost\"", "GMT"}},
        {early, TlsFailure::not_yet_valid, {"not yet valid", "begins on", "clock"}},
        {elsewhere,
         TlsFailure::wrong_host,
         {"ostname mismatch", "\"localhost\"", "\"example.com\", \"*.localhost\", \"192.0.2.7\""}},
        {named_only, TlsFailure::wrong_host, {"\"localhost\"", "\"CN=elsewhere\""}},
        {self_signed, TlsFailure::self_signed, {"self-signed", "vouches for itself"}},
        {unknown, TlsFailure::unknown_issuer, {"\"CN=localhost\" was issued by \"CN=other\""}}};
    for (const Case& one : cases) {
        const ServerContext context = make_server_context(one.identity);
        TlsSession client{*trusted.client};
        MemoryServer server{context.get()};
        Pair pair{client, server, 65536};
        EXPECT_FALSE(pair.shake("localhost"));
        EXPECT_EQ(client.failure(), one.failure) << client.failure_text();
        for (const std::string& word : one.words)
            EXPECT_NE(client.failure_text().find(word), std::string::npos)
                << word << " in: " << client.failure_text();
        EXPECT_FALSE(client.write(std::string{"order"})) << "nothing is sent to a stranger";
    }
}

TEST(Tls, ShowsWhatAStrangerWroteShortAndPrintable) {
    const Authority trusted;
    const Identity strange =
        make_identity({.alternatives = "DNS:a\x1b[31m" + std::string(200, 'a')}, &trusted.root);
    const ServerContext context = make_server_context(strange);
    TlsSession client{*trusted.client};
    MemoryServer server{context.get()};
    Pair pair{client, server, 65536};
    EXPECT_FALSE(pair.shake("localhost"));
    EXPECT_EQ(client.failure(), TlsFailure::wrong_host);
    EXPECT_NE(client.failure_text().find("\"a?[31maaa"), std::string::npos)
        << client.failure_text();
    EXPECT_LT(client.failure_text().size(), 250U);
}

TEST(Tls, SpeaksVersion12AndNothingOlder) {
    const Authority authority;
    for (const int version : {TLS1_2_VERSION, TLS1_1_VERSION}) {
        const ServerContext context = make_server_context(authority.leaf);
        SSL_CTX_set_security_level(context.get(), 0);
        SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context.get(), version);
        TlsSession client{*authority.client};
        MemoryServer server{context.get()};
        Pair pair{client, server, 65536};
        EXPECT_EQ(pair.shake("localhost"), version == TLS1_2_VERSION);
    }
}

TEST(Tls, TakesUpItsLastSessionAgain) {
    const Authority authority;
    TlsSession client{*authority.client};
    for (const bool resumed : {false, true, true}) {
        MemoryServer server{authority.server.get()};
        Pair pair{client, server, 65536};
        ASSERT_TRUE(pair.shake("localhost")) << client.failure_text();
        EXPECT_EQ(client.resumed(), resumed);
    }
    MemoryServer server{authority.server.get()};
    Pair pair{client, server, 65536};
    ASSERT_TRUE(pair.shake("127.0.0.1"));
    EXPECT_FALSE(client.resumed()) << "a ticket belongs to the host it was made for";
}

TEST(Tls, DamagedBytesEndTheSession) {
    const Authority authority;
    TlsSession client{*authority.client};
    MemoryServer server{authority.server.get()};
    Pair pair{client, server, 65536};
    ASSERT_TRUE(pair.shake("localhost"));
    server.write("true");
    std::string bytes = server.take_output();
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    client.feed(bytes);
    std::array<char, 100> room;
    EXPECT_EQ(client.read(room), 0U);
    EXPECT_EQ(client.failure(), TlsFailure::protocol);
    TlsSession deaf{*authority.client};
    deaf.start("localhost");
    deaf.set_output(pair.out);
    deaf.feed(std::string_view{"HTTP/1.1 400 Bad Request\r\n\r\n"});
    EXPECT_FALSE(deaf.advance());
    EXPECT_EQ(deaf.failure(), TlsFailure::protocol);
}

TEST(Tls, WhatDoesNotFitTheOutputIsAFailureNotATruncation) {
    const Authority authority;
    TlsSession client{*authority.client};
    MemoryServer server{authority.server.get()};
    Pair pair{client, server, 65536};
    ASSERT_TRUE(pair.shake("localhost"));
    std::array<char, 50> little;
    client.set_output(little);
    EXPECT_FALSE(client.write(std::string(100, 'x')));
    EXPECT_EQ(client.failure(), TlsFailure::overflow);
}

TEST(TlsContext, LogsKeysToAFileOnlyTheOwnerReads) {
    const std::string file = ::testing::TempDir() + "keys-" + std::to_string(monotonic_now().count);
    const Authority authority;
    const std::string root = write_pem(authority.root, "keys-root.pem");
    Result<std::unique_ptr<TlsContext>> context = TlsContext::create({root, file});
    ASSERT_TRUE(context.ok());
    TlsSession client{*context.value()};
    MemoryServer server{authority.server.get()};
    Pair pair{client, server, 65536};
    ASSERT_TRUE(pair.shake("localhost"));
    std::ifstream in{file};
    std::string first;
    std::getline(in, first);
    EXPECT_NE(first.find("SECRET"), std::string::npos);
    struct stat facts {};
    ASSERT_EQ(stat(file.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    ASSERT_EQ(chmod(file.c_str(), 0644), 0);
    const auto refused = TlsContext::create({root, file});
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find(file), std::string::npos);
    std::remove(file.c_str());
}

TEST(TlsContext, SaysWhatIsWrongWithAFile) {
    const auto missing = TlsContext::create({"/nowhere/ca.pem", {}});
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().kind, ErrorKind::settings);
    EXPECT_NE(missing.error().message.find("/nowhere/ca.pem"), std::string::npos);
    const auto nowhere = TlsContext::create({{}, "/nowhere/keys"});
    ASSERT_FALSE(nowhere.ok());
    EXPECT_EQ(nowhere.error().kind, ErrorKind::cannot_write);
}

}  // namespace
}  // namespace tranche::testing
