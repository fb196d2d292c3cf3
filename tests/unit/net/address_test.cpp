#include "net/address.hpp"

#include <gtest/gtest.h>

namespace tranche::testing {
namespace {

TEST(Url, TakesWhatTheSettingsMayHold) {
    struct Case {
        const char* url;
        bool websocket;
        bool secure;
        const char* host;
        int port;
        const char* prefix;
        const char* header;
    };
    const Case cases[] = {
        {"https://fapi.asterdex.com", false, true, "fapi.asterdex.com", 443, "",
         "fapi.asterdex.com"},
        {"wss://fstream.asterdex.com/", true, true, "fstream.asterdex.com", 443, "",
         "fstream.asterdex.com"},
        {"https://Host.Example:8443/a/b/", false, true, "host.example", 8443, "/a/b",
         "host.example:8443"},
        {"http://localhost:8080", false, false, "localhost", 8080, "", "localhost:8080"},
        {"ws://127.0.0.53:1", true, false, "127.0.0.53", 1, "", "127.0.0.53:1"},
        {"http://[::1]:65535/x", false, false, "::1", 65535, "/x", "[::1]:65535"},
        {"https://[2001:DB8::1]", false, true, "2001:db8::1", 443, "", "[2001:db8::1]"},
        {"http://127.0.0.1", false, false, "127.0.0.1", 80, "", "127.0.0.1"},
        {"https://192.0.2.1:80", false, true, "192.0.2.1", 80, "", "192.0.2.1:80"},
    };
    for (const Case& one : cases) {
        const Result<Endpoint> endpoint = parse_url(one.url);
        ASSERT_TRUE(endpoint.ok()) << one.url;
        EXPECT_EQ(endpoint.value().websocket, one.websocket) << one.url;
        EXPECT_EQ(endpoint.value().secure, one.secure) << one.url;
        EXPECT_EQ(endpoint.value().host, one.host);
        EXPECT_EQ(endpoint.value().port, one.port) << one.url;
        EXPECT_EQ(endpoint.value().prefix, one.prefix);
        EXPECT_EQ(endpoint.value().host_header(), one.header);
    }
}

TEST(Url, RefusesTheRestNamingWhatIsWrong) {
    struct Case {
        const char* url;
        const char* named;
    };
    const Case cases[] = {
        {"", "https://"},
        {"ftp://host", "https://"},
        {"HTTPS://host", "https://"},
        {"https:/host", "https://"},
        {"https://", "host"},
        {"https://:443", "host"},
        {"https://ho st", "host"},
        {"https://user:secret@host", "port"},
        {"https://user@host", "host"},
        {"https://host\r\nX: y", "host"},
        {"https://-host", "host"},
        {"https://[::1", "host"},
        {"https://[::g]", "host"},
        {"https://[127.0.0.1]", "host"},
        {"https://[::1]x", "port"},
        {"https://host:", "port"},
        {"https://host:0", "port"},
        {"https://host:65536", "port"},
        {"https://host:-1", "port"},
        {"https://host:443x", "port"},
        {"https://host/a?b=c", "query"},
        {"https://host/a#b", "fragment"},
        {"https://host/a b", "path"},
        {"http://fapi.asterdex.com", "unencrypted"},
        {"ws://192.0.2.1", "unencrypted"},
        {"ws://128.0.0.1", "unencrypted"},
        {"http://localhost.example", "unencrypted"},
        {"http://127.0.0.1.example", "unencrypted"},
        {"http://[::2]", "unencrypted"},
    };
    for (const Case& one : cases) {
        const Result<Endpoint> endpoint = parse_url(one.url);
        ASSERT_FALSE(endpoint.ok()) << one.url;
        EXPECT_EQ(endpoint.error().kind, ErrorKind::settings);
        EXPECT_NE(endpoint.error().message.find(one.named), std::string::npos)
            << endpoint.error().message;
    }
    EXPECT_FALSE(parse_url("https://" + std::string(254, 'a')).ok());
}

TEST(Resolve, FindsAddressesAndSaysWhatIsMissing) {
    const auto found = resolve("127.0.0.1", 443);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found.value().at(0).text(), "127.0.0.1:443");
    const auto six = resolve("::1", 8080);
    ASSERT_TRUE(six.ok());
    EXPECT_EQ(six.value().at(0).text(), "[::1]:8080");
    const auto missing = resolve("no-such-host.invalid", 443);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().kind, ErrorKind::unavailable);
    EXPECT_NE(missing.error().message.find("no-such-host.invalid"), std::string::npos);
}

}  // namespace
}  // namespace tranche::testing
