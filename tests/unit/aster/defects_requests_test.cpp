// What an order request must never carry: words of our own, or the time of the decision.
#include <gtest/gtest.h>
#include <set>
#include <string>

#include "net/aster/requests.hpp"

namespace tranche::aster {
namespace {

constexpr const char* secret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9";
constexpr Nanos decided = milliseconds(1'748'310'000'000);

/// Form of one order as it leaves, for one of the two ways to sign.
std::string form_of(const Command& command, AuthScheme scheme, bool hedge_mode, Nanos sent) {
    NonceSource nonces;
    Credentials credentials;
    credentials.scheme = scheme;
    credentials.key = Secret{secret};
    if (scheme == AuthScheme::v1) credentials.api_key = "the-api-key";
    auto auth = Authenticator::create(credentials, 1666, nonces);
    EXPECT_TRUE(auth.ok());
    std::vector<SymbolRules> rules(1);
    rules[0].name = "BTCUSDT";
    const SymbolTable table{rules, 1};
    const RequestTarget target{
        .venue = Venue::aster, .auth = scheme, .host_header = "exchange.example", .prefix = ""};
    const OrderRequests requests{target, auth.value(), table, hedge_mode};
    std::string text(order_request_capacity, '?');
    text.resize(requests.encode(command, sent, text));
    const std::size_t body = text.find("\r\n\r\n");
    return body == std::string::npos ? std::string{} : text.substr(body + 4);
}

Command stop_order() {
    Command command{};
    command.id.role = Role::stop_loss;
    command.id.tranche = TrancheId{3};
    command.decided_at = command.cause_time = decided;
    command.deadline = decided + seconds(60);
    command.kind = CommandKind::place;
    command.lane = Lane::protective;
    command.side = Side::sell;
    command.position_side = PositionSide::long_side;
    command.type = OrderType::stop_market;
    command.quantity = Quantity{150'000};
    command.stop_price = Price{9'500'000'000'000};
    command.working_type = WorkingType::mark_price;
    command.price_protect = true;
    return command;
}

std::set<std::string> names_in(const std::string& form) {
    std::set<std::string> names;
    for (std::size_t at = 0; at < form.size();) {
        names.insert(form.substr(at, form.find('=', at) - at));
        at = form.find('&', at);
        if (at == std::string::npos) break;
        ++at;
    }
    return names;
}

std::string value_of(const std::string& form, const std::string& name) {
    const std::size_t at = ("&" + form).find("&" + name + "=");
    if (at == std::string::npos) return "(none)";
    const std::size_t begin = at + name.size() + 1;
    return form.substr(begin, form.find('&', begin) - begin);
}

TEST(OrderForm, HoldsDocumentedParametersOnly) {
    const std::set<std::string> documented{"symbol",
                                           "side",
                                           "positionSide",
                                           "type",
                                           "timeInForce",
                                           "quantity",
                                           "price",
                                           "stopPrice",
                                           "reduceOnly",
                                           "closePosition",
                                           "workingType",
                                           "priceProtect",
                                           "nonce",
                                           "user",
                                           "newClientOrderId",
                                           "signer",
                                           "newOrderRespType",
                                           "timestamp",
                                           "recvWindow",
                                           "signature"};
    for (const AuthScheme scheme : {AuthScheme::v3, AuthScheme::v1})
        for (const bool hedge_mode : {false, true})
            for (const Role role : {Role::entry, Role::stop_loss}) {
                Command command = stop_order();
                command.reduce_only = !hedge_mode && role != Role::entry;
                if (role == Role::entry) {
                    command.id.role = role;
                    command.side = Side::buy;
                    command.type = OrderType::limit;
                    command.lane = Lane::entry;
                    command.price = Price{9'500'000'000'000};
                }
                const std::string form = form_of(command, scheme, hedge_mode, decided);
                EXPECT_GT(names_in(form).size(), 8U) << form;
                for (const std::string& name : names_in(form))
                    EXPECT_TRUE(documented.count(name) == 1) << name;
            }
}

TEST(OrderForm, IsDatedWhenItLeavesNotWhenItWasDecided) {
    Command command = stop_order();
    command.reduce_only = true;
    const Nanos sent = decided + seconds(7);
    const std::string by_secret = form_of(command, AuthScheme::v1, false, sent);
    EXPECT_EQ(value_of(by_secret, "timestamp"), "1748310007000");
    const std::string by_wallet = form_of(command, AuthScheme::v3, false, sent);
    EXPECT_EQ(value_of(by_wallet, "nonce").substr(0, 13), "1748310007000");
}

}  // namespace
}  // namespace tranche::aster
