// tranche-exchange: composition of the simulated exchange.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <memory>

#include "tools/exchange/server.hpp"
#include "tools/exchange/wall_clock.hpp"

namespace {

using namespace tranche::exchange;

constexpr int bad_data = 65;
constexpr int cannot_create = 73;
constexpr int io_error = 74;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

int fail(int code, const std::string& message) {
    fmt::print(stderr, "tranche-exchange: {}\n", message);
    return code;
}

/// Whole content of a file; false if it cannot be read.
bool read_file(const std::string& path, std::string& into) {
    std::ifstream in{path, std::ios::binary};
    if (!in) return false;
    into.assign(std::istreambuf_iterator<char>{in}, {});
    return !in.bad();
}

int load_recordings(const Options& options, Recording& recording) {
    for (const std::string& path : options.recordings) {
        std::string text;
        std::string error;
        if (!read_file(path, text))
            return fail(io_error, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
        if (!append_recording(text, recording, error))
            return fail(bad_data, fmt::format("{}: {}", path, error));
    }
    return 0;
}

int load_rules(const Options& options, const Recording& recording, Rules& rules) {
    if (!options.exchange_info.empty()) {
        std::string text;
        std::string error;
        if (!read_file(options.exchange_info, text))
            return fail(io_error, fmt::format("cannot read {}: {}", options.exchange_info,
                                              std::strerror(errno)));
        auto read = Rules::from_exchange_info(recorded_reply(text), error);
        if (!read) return fail(bad_data, fmt::format("{} {}", options.exchange_info, error));
        rules = std::move(*read);
    }
    for (const std::string& symbol : recording.symbols) rules.add_permissive(symbol);
    return 0;
}

void print_account(const Options& options) {
    fmt::print("account: {}, {} USDT, seed {}\n", options.venue.hedge_mode ? "hedge" : "one-way",
               plain(options.venue.balance), options.venue.seed);
    if (options.auth.signer.empty())
        fmt::print("warning: any V3 signer may trade; pass --signer 0x… to accept only one\n");
}

int run(const Options& options) {
    Recording recording;
    Rules rules = Rules::standard();
    if (const int code = load_recordings(options, recording); code != 0) return code;
    if (const int code = load_rules(options, recording, rules); code != 0) return code;
    std::unique_ptr<std::FILE, CloseFile> log;
    if (!options.json_log.empty()) {
        log.reset(std::fopen(options.json_log.c_str(), "a"));
        if (!log)
            return fail(cannot_create, fmt::format("cannot write --json-log {}: {}",
                                                   options.json_log, std::strerror(errno)));
    }
    Venue venue{std::move(rules), options.venue, wall_clock_us() / 1000};
    Api api{venue, options.auth, options.budgets};
    FaultPlan faults{options.faults, options.venue.seed};
    Service service{venue, api, faults, options.streams, log.get()};
    Server server{options, service, venue, recording};
    const StartError failed = server.start();
    if (failed.exit_code != 0) return fail(failed.exit_code, failed.message);
    print_account(options);
    if (!recording.frames.empty())
        fmt::print("recording: {} frames, {} symbols\n", recording.frames.size(),
                   recording.symbols.size());
    std::fflush(stdout);
    server.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Parsed parsed = parse_options(argc, argv);
        return parsed.options ? run(*parsed.options) : parsed.exit_code;
    } catch (const std::exception& error) {
        return fail(io_error, error.what());
    }
}
