// Asks the account's own questions one after the other, signed, and only such as change nothing:
// for verbs that look at the exchange for a moment. Not for the pipeline.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/settings.hpp"
#include "net/aster/account_rows.hpp"
#include "net/aster/answer.hpp"
#include "net/aster/http_transport.hpp"
#include "net/aster/requests.hpp"
#include "net/aster/sign.hpp"
#include "net/request_guard.hpp"
#include "tools/identity.hpp"
#include "tools/pipeline.hpp"

namespace tranche {

class AccountReader {
public:
    /// Connects with the credentials of the environment. Errors: credentials, unavailable,
    /// settings.
    static Result<std::unique_ptr<AccountReader>> open(const Settings& settings);

    AccountReader(const AccountReader&) = delete;
    AccountReader& operator=(const AccountReader&) = delete;

    const std::string& account() const { return identity_.account; }
    /// Weight of all questions so far.
    std::uint32_t weight() const { return weight_; }

    /// One GET, asked again once when the exchange finds our clock wrong. Errors: `credentials`
    /// where it refuses who we are, `unavailable` where no answer says anything, `not_found` where
    /// it has no such thing.
    Result<aster::Json> get(aster::Resource resource,
                            std::span<const aster::Parameter> parameters = {});

    Result<std::vector<aster::ListedPosition>> positions();
    /// Conditional ones too, where they live apart.
    Result<std::vector<aster::ListedOrder>> open_orders();

private:
    AccountReader(const Settings& settings, std::unique_ptr<aster::NonceSource> nonces,
                  Identity identity);
    Result<Done> connect();
    Result<aster::Answer> ask(aster::Resource resource,
                              std::span<const aster::Parameter> parameters);
    Result<Done> set_clock();

    const Settings& settings_;
    std::unique_ptr<aster::NonceSource> nonces_;
    Identity identity_;
    RequestGuard guard_{false};  // of paper mode, which never comes here
    Clock clock_;
    Peers peers_;
    std::unique_ptr<TlsContext> tls_;
    std::unique_ptr<aster::Requests> requests_;
    std::unique_ptr<aster::RestTransport> transport_;
    std::uint32_t weight_{};
};

}  // namespace tranche
