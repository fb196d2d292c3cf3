#include "tools/identity.hpp"

#include <utility>

#include "net/aster/credentials.hpp"

namespace tranche {

Result<Identity> identify(const Settings& settings, aster::NonceSource& nonces) {
    if (settings.engine.simulate_only)
        return Identity{aster::Authenticator::without_key(nonces), "paper"};
    auto credentials = aster::load_credentials(settings.exchange.auth);
    if (!credentials) return credentials.error();
    const aster::Credentials& given = credentials.value();
    auto authenticator = aster::Authenticator::create(given, settings.exchange.chain_id, nonces);
    if (!authenticator) return authenticator.error();
    const std::string account =
        given.scheme == AuthScheme::v3 ? given.user : given.api_key.substr(0, 12);
    return Identity{std::move(authenticator).value(), account};
}

std::string journal_path(const Settings& settings, const std::string& account) {
    if (settings.storage.journal.empty()) return "/dev/shm/tranche-" + account + ".journal";
    // records of real money never end in a database of paper, nor the reverse
    return settings.storage.journal + (settings.engine.simulate_only ? "-paper" : "");
}

}  // namespace tranche
