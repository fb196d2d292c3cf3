// A reactor with a clock that tests set, and a trusted server identity.
#pragma once

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <span>
#include <string>

#include "net/request_guard.hpp"
#include "net/tls.hpp"
#include "net/uring.hpp"
#include "tests/unit/net/certificates.hpp"
#include "tests/unit/net/loopback_server.hpp"

namespace tranche::testing {

struct World {
    Nanos now = seconds(1);
    RequestGuard guard{false};
    std::unique_ptr<Reactor> reactor;

    explicit World(const ReactorOptions& options = {}) {
        Result<std::unique_ptr<Reactor>> made = Reactor::create(options, TimeSource{now});
        if (!made) throw std::runtime_error(made.error().message);
        reactor = std::move(made).value();
    }

    ChannelId channel() { return reactor->acquire().value(); }

    /// Takes turns until `done` holds; false when it still does not after 20 s of real time, which
    /// only bounds a failing test: time that matters is `now`.
    template <class Done> bool drive(Done done) {
        const Nanos limit = monotonic_now() + seconds(20);
        while (monotonic_now() < limit) {
            reactor->wait(milliseconds(1));
            if (done()) return true;
        }
        return false;
    }
};

/// An authority, a server identity signed by it, and a client that trusts it.
struct Authority {
    Identity root =
        make_identity({.name = "test root", .alternatives = "", .authority = true}, nullptr);
    Identity leaf;
    ServerContext server;
    std::unique_ptr<TlsContext> client;

    explicit Authority(const CertificateWish& wish = {})
        : leaf{make_identity(wish, &root)}, server{make_server_context(leaf)} {
        const std::string file = "root-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) +
                                 "-" + std::to_string(monotonic_now().count) + ".pem";
        const TlsSettings settings{write_pem(root, file), {}};
        Result<std::unique_ptr<TlsContext>> made = TlsContext::create(settings);
        if (!made) throw std::runtime_error(made.error().message);
        client = std::move(made).value();
        std::remove(settings.ca_file.c_str());
    }
};

inline std::string text_of(std::span<const char> bytes) {
    return {bytes.data(), bytes.size()};
}

}  // namespace tranche::testing
