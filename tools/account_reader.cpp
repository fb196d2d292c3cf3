#include "tools/account_reader.hpp"

#include <fmt/format.h>
#include <time.h>
#include <utility>

#include "net/aster/answer.hpp"
#include "net/aster/costs.hpp"
#include "net/aster/dialect.hpp"
#include "tools/ban_file.hpp"
#include "tools/record_log.hpp"

namespace tranche {
namespace {

constexpr Nanos patience = seconds(10);  // for one answer

void nap() {
    constexpr timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
}

Error unreachable(const Settings& settings, const std::string& why) {
    return {ErrorKind::unavailable,
            fmt::format("exchange.rest_url {}: {}", settings.exchange.rest_url, why)};
}

}  // namespace

AccountReader::AccountReader(const Settings& settings, std::unique_ptr<aster::NonceSource> nonces,
                             Identity identity)
    : settings_{settings}, nonces_{std::move(nonces)}, identity_{std::move(identity)} {}

Result<std::unique_ptr<AccountReader>> AccountReader::open(const Settings& settings) {
    auto nonces = std::make_unique<aster::NonceSource>();
    auto identity = identify(settings, *nonces);
    if (!identity) return identity.error();
    const auto banned = read_ban(ban_file_of(settings.storage.database), kernel_now());
    if (!banned) return banned.error();
    if (banned.value() > kernel_now())
        return unreachable(settings, "it has banned this address until " +
                                         timestamp(banned.value()) + "; who asks makes it longer");
    std::unique_ptr<AccountReader> reader{
        new AccountReader{settings, std::move(nonces), std::move(identity).value()}};
    if (auto done = reader->connect(); !done) return done.error();
    return reader;
}

Result<Done> AccountReader::connect() {
    const ExchangeSettings& exchange = settings_.exchange;
    auto peers = Peers::find(exchange);
    if (!peers) return peers.error();
    peers_ = std::move(peers).value();
    auto tls = TlsContext::create({.ca_file = exchange.ca_file, .key_log_file = {}});
    if (!tls) return tls.error();
    tls_ = std::move(tls).value();
    requests_ = std::make_unique<aster::Requests>(
        aster::RequestTarget{.venue = exchange.venue,
                             .auth = exchange.auth,
                             .host_header = peers_.rest.host_header(),
                             .prefix = peers_.rest.prefix},
        identity_.authenticator);
    auto transport = aster::RestTransport::create(
        peers_.rest, peers_.rest_addresses, peers_.rest.secure ? tls_.get() : nullptr, guard_,
        TimeSource{clock_}, static_cast<std::uint64_t>(kernel_now().count));
    if (!transport) return transport.error();
    transport_ = std::move(transport).value();
    return Done{};
}

Result<aster::Answer> AccountReader::ask(aster::Resource resource,
                                         std::span<const aster::Parameter> parameters) {
    weight_ += aster::cost_of(resource, false).weight;
    bool sent = false;
    for (const Nanos begin = monotonic_now(); monotonic_now() - begin < patience; nap()) {
        const HttpOutcome outcome = transport_->poll(clock_.now());
        if (outcome == HttpOutcome::answer)
            return aster::read_answer(transport_->response(), clock_.now());
        if (outcome != HttpOutcome::none) sent = false;  // a question may be asked again
        if (sent || !transport_->ready()) continue;
        const auto request =
            requests_->build(aster::Method::get, resource, parameters, clock_.now());
        if (!request) return request.error();
        sent = transport_->send(request.value(), clock_.now());
    }
    const std::string why = transport_->why();
    return unreachable(settings_,
                       fmt::format("no answer within {} s{}{}", patience.count / 1'000'000'000,
                                   why.empty() ? "" : ": ", why));
}

Result<Done> AccountReader::set_clock() {
    const auto answer = ask(aster::Resource::time, {});
    if (!answer) return answer.error();
    const auto server = answer.value().body.whole("serverTime");
    if (!server) return unreachable(settings_, "time: " + answer.value().text);
    const Nanos middle = transport_->sent_at() +
                         Nanos{(transport_->answered_at() - transport_->sent_at()).count / 2};
    nonces_->set_offset(milliseconds(*server) - middle);
    return Done{};
}

Result<aster::Json> AccountReader::get(aster::Resource resource,
                                       std::span<const aster::Parameter> parameters) {
    auto answer = ask(resource, parameters);
    if (answer && answer.value().kind == aster::AnswerKind::stale) {
        if (auto done = set_clock(); !done) return done.error();
        answer = ask(resource, parameters);
    }
    if (!answer) return answer.error();
    aster::Answer& given = answer.value();
    const std::string text = fmt::format("{}: {}", aster::leaf(resource), given.text);
    switch (given.kind) {
        case aster::AnswerKind::ok: return std::move(given.body);
        case aster::AnswerKind::refused: return Error{ErrorKind::credentials, text};
        case aster::AnswerKind::missing: return Error{ErrorKind::not_found, text};
        case aster::AnswerKind::rejected:
        case aster::AnswerKind::stale:
        case aster::AnswerKind::try_again: return unreachable(settings_, text);
    }
    return unreachable(settings_, text);
}

Result<std::vector<aster::ListedPosition>> AccountReader::positions() {
    const auto body = get(aster::Resource::position_risk);
    if (!body) return body.error();
    return aster::read_positions(body.value());
}

Result<std::vector<aster::ListedOrder>> AccountReader::open_orders() {
    std::vector<aster::ListedOrder> orders;
    if (aster::dialect_of(settings_.exchange.venue).conditionals_apart) {
        const auto body = get(aster::Resource::open_algo_orders);
        if (!body) return body.error();
        auto apart = aster::read_open_algo_orders(body.value());
        if (!apart) return apart.error();
        orders = std::move(apart).value();
    }
    const auto body = get(aster::Resource::open_orders);
    if (!body) return body.error();
    auto others = aster::read_open_orders(body.value());
    if (!others) return others.error();
    orders.insert(orders.end(), others.value().begin(), others.value().end());
    return orders;
}

}  // namespace tranche
