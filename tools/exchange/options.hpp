// The command line of tranche-exchange.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/exchange/auth.hpp"
#include "tools/exchange/faults.hpp"
#include "tools/exchange/rules.hpp"
#include "tools/exchange/service.hpp"
#include "tools/exchange/venue.hpp"

namespace tranche::exchange {

/// How fast recordings and the generated market run.
struct Speed {
    bool max{};
    double factor{1};
};

struct Options {
    std::string address{"127.0.0.1"};
    std::uint16_t port{18443};
    bool plain{};
    std::string tls_cert, tls_key, cert_out;
    std::vector<std::string> recordings;
    std::string exchange_info;
    Speed speed;
    FaultRules faults;
    StreamLimits streams;
    std::string json_log;
    AuthOptions auth;
    Budgets budgets;
    VenueOptions venue;
};

/// What the program should do with its arguments: run, or leave with an exit code (0 after
/// --help, 64 for usage; the text has been printed).
struct Parsed {
    std::optional<Options> options;
    int exit_code{};
};

Parsed parse_options(int argc, char** argv);

}  // namespace tranche::exchange
