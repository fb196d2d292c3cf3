// An account stage with a scripted exchange and a clock that moves only when told.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "net/aster/account.hpp"
#include "net/aster/authenticator.hpp"
#include "tests/unit/aster/path_log.hpp"
#include "tests/unit/aster/scripted_peer.hpp"

namespace tranche::support {

struct AccountWorld : testing::Test {
    AccountWorld() {
        settings.signed_calls = true;
        settings.set_leverage = true;
        settings.set_margin_type = true;
        settings.reconcile_interval = seconds(20);
        settings.user_connection = 3;
        settings.symbols.resize(2);
        settings.symbols[0].name = "BBBUSDT";
        settings.symbols[1].name = "AAAUSDT";
    }

    aster::Account& account() {
        if (!made) {
            const bool aster = settings.venue == Venue::aster;
            const AuthScheme scheme = aster ? AuthScheme::v3 : AuthScheme::v1;
            aster::Credentials credentials;
            credentials.scheme = scheme;
            credentials.key = aster::Secret{std::string(64, '1')};
            authenticator = std::make_unique<aster::Authenticator>(
                aster::Authenticator::create(credentials, 1666, nonces).value());
            requests = std::make_unique<aster::Requests>(
                aster::RequestTarget{settings.venue, scheme, "127.0.0.1", ""}, *authenticator);
            made = std::make_unique<aster::Account>(settings, *requests, nonces, peer, events,
                                                    paths.ring(), board);
        }
        return *made;
    }
    /// Turns of 10 ms.
    void run(Nanos span) {
        for (const Nanos end = peer.now + span; peer.now < end; peer.now += milliseconds(10))
            account().poll(peer.now);
    }
    void start() {
        run(seconds(3));
        account().user_stream_opened();
        run(seconds(3));
    }
    std::vector<Event> drain() {
        std::vector<Event> taken;
        for (; const Event* event = events.front(); events.pop()) taken.push_back(*event);
        return taken;
    }

    aster::AccountSettings settings;
    aster::NonceSource nonces;
    std::unique_ptr<aster::Authenticator> authenticator;
    std::unique_ptr<aster::Requests> requests;
    ScriptedPeer peer;
    Ring<Event> events{64};
    PathLog paths;
    RateBoard board;
    std::unique_ptr<aster::Account> made;
};

}  // namespace tranche::support
