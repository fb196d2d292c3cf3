// One account's encoders, and requests taken apart by hand.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "net/aster/requests.hpp"

namespace tranche::aster {

inline constexpr const char* demo_key =
    "4fd0a42218f3eae43a6ce26d22544e986139a01e5b34a62db53757ffca81bae1";
inline constexpr const char* demo_address = "0x21cF8Ae13Bb72632562c6Fff438652Ba1a151bb0";
inline constexpr const char* demo_secret =
    "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9";
inline constexpr Nanos now = microseconds(1'748'310'859'508'867);

/// A request taken apart by hand, as a server would.
struct Parsed {
    std::string method;
    std::string path;
    std::map<std::string, std::string> headers;
    std::string parameters;  // as sent, signature included
    std::map<std::string, std::string> values;
    bool in_body{};
    bool well_formed{};
};

inline std::map<std::string, std::string> split_parameters(const std::string& text) {
    std::map<std::string, std::string> values;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('&', at), text.size());
        const std::size_t equals = text.find('=', at);
        EXPECT_LT(equals, end);
        const bool fresh =
            values.emplace(text.substr(at, equals - at), text.substr(equals + 1, end - equals - 1))
                .second;
        EXPECT_TRUE(fresh) << "given twice in " << text;
        at = end + 1;
    }
    return values;
}

inline Parsed parse(const std::string& request) {
    Parsed parsed;
    const std::size_t head_end = request.find("\r\n\r\n");
    if (head_end == std::string::npos) return parsed;
    const std::string body = request.substr(head_end + 4);
    std::size_t at = request.find("\r\n");
    const std::string line = request.substr(0, at);
    const std::size_t first = line.find(' ');
    const std::size_t second = line.rfind(' ');
    parsed.method = line.substr(0, first);
    parsed.path = line.substr(first + 1, second - first - 1);
    while (at < head_end) {
        const std::size_t begin = at + 2;
        at = request.find("\r\n", begin);
        const std::string header = request.substr(begin, at - begin);
        const std::size_t colon = header.find(": ");
        if (colon == std::string::npos) return parsed;
        parsed.headers[header.substr(0, colon)] = header.substr(colon + 2);
    }
    const std::size_t question = parsed.path.find('?');
    parsed.in_body = question == std::string::npos;
    parsed.parameters = parsed.in_body ? body : parsed.path.substr(question + 1);
    parsed.path = parsed.path.substr(0, question);
    parsed.values = split_parameters(parsed.parameters);
    const auto length = parsed.headers.find("Content-Length");
    parsed.well_formed =
        line.substr(second) == " HTTP/1.1" &&
        (length == parsed.headers.end() ? body.empty()
                                        : length->second == std::to_string(body.size()));
    return parsed;
}

/// A request of several orders; its figure of the length may stand behind spaces.
inline Parsed parse_padded(std::string request) {
    const std::size_t at = request.find("Content-Length: ") + 16;
    while (request[at] == ' ') request.erase(at, 1);
    return parse(request);
}

inline std::string percent_decoded(const std::string& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain += text[i];
            continue;
        }
        plain += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
    }
    return plain;
}

/// Signed text and signature: everything before the last parameter, and that one's value.
inline std::pair<std::string, std::string> split_signature(const std::string& parameters) {
    const std::string mark = "&signature=";
    const std::size_t at = parameters.rfind(mark);
    if (at == std::string::npos) return {};
    return {parameters.substr(0, at), parameters.substr(at + mark.size())};
}

inline void expect_wallet_signed(const Parsed& request) {
    const auto [text, signature] = split_signature(request.parameters);
    EXPECT_EQ(signature.size(), 132U);
    const auto address = recover_address(typed_digest(domain_separator(1666), text), signature);
    ASSERT_TRUE(address.ok());
    EXPECT_EQ((std::string{address.value().data(), address.value().size()}), demo_address);
    EXPECT_EQ(request.values.at("signer"), demo_address);
    EXPECT_EQ(request.values.at("nonce").size(), 16U);
    EXPECT_EQ(request.values.count("timestamp") + request.values.count("recvWindow"), 0U);
}

inline void expect_hmac_signed(const Parsed& request) {
    const auto [text, signature] = split_signature(request.parameters);
    std::string expected(HmacSigner::signature_length, '?');
    HmacSigner{Secret{demo_secret}}.sign(text,
                                         std::span<char, HmacSigner::signature_length>{expected});
    EXPECT_EQ(signature, expected);
    EXPECT_EQ(request.headers.at("X-MBX-APIKEY"), "the-api-key");
    EXPECT_EQ(request.values.at("timestamp"), "1748310859508");
    EXPECT_EQ(request.values.at("recvWindow"), "2000");
}

inline Authenticator authenticator(AuthScheme scheme, NonceSource& nonces) {
    Credentials credentials;
    credentials.scheme = scheme;
    credentials.key = Secret{scheme == AuthScheme::v3 ? demo_key : demo_secret};
    if (scheme == AuthScheme::v1) credentials.api_key = "the-api-key";
    auto made = Authenticator::create(credentials, 1666, nonces);
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
}

inline SymbolTable symbols() {
    std::vector<SymbolRules> rules(2);
    rules[0].name = "BTCUSDT";
    rules[1].name = "\xe5\xb8\x81USDT";  // the venue lists such names
    return SymbolTable{rules, 2};
}

/// One account's encoders.
struct Bench {
    explicit Bench(AuthScheme scheme, bool hedge_mode, Venue venue = Venue::aster)
        : auth{authenticator(scheme, nonces)},
          target{.venue = venue, .auth = scheme, .host_header = "fapi.example:8443", .prefix = ""},
          orders{target, auth, table, hedge_mode},
          requests{target, auth} {}

    std::string encode(const Command& command) const {
        std::string out(order_request_capacity, '?');
        out.resize(orders.encode(command, now, out));
        return out;
    }

    NonceSource nonces;
    Authenticator auth;
    SymbolTable table = symbols();
    RequestTarget target;
    OrderRequests orders;
    Requests requests;
};

inline Command order(Role role, PositionSide position, OrderType type) {
    Command command{};
    command.id = {.instance = 1,
                  .role = role,
                  .reserved = 0,
                  .epoch = 5,
                  .tranche = TrancheId{8},
                  .generation = 1};
    command.symbol = SymbolId{0};
    command.kind = CommandKind::place;
    command.position_side = position;
    command.side = role == Role::entry ? opening_side(position) : closing_side(position);
    command.type = type;
    command.quantity = Quantity{150'000};           // 0.0015
    command.price = Price{9'521'010'000'000};       // 95210.1
    command.stop_price = Price{9'500'000'000'000};  // 95000
    command.time_in_force = TimeInForce::gtx;
    command.reduce_only = role != Role::entry;
    return command;
}

}  // namespace tranche::aster
