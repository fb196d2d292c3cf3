// One binary with verbs. Reads the command line; everything else is in a file a verb.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "net/tls_memory.hpp"
#include "tools/exit_codes.hpp"
#include "tools/replay/options.hpp"
#include "tools/sim/command_line.hpp"
#include "tools/storage_verbs.hpp"
#include "tools/verbs.hpp"

namespace {

using namespace tranche;

void add_ask_flags(CLI::App& verb, AskOptions& options) {
    verb.add_option("--url", options.url, "address of the running instance's page")
        ->capture_default_str();
    verb.add_option("--token-file", options.token_file, "file with the bearer token");
    verb.add_flag("--json", options.json, "one JSON object on stdout");
}

struct CommandLine {
    CLI::App app{
        "Watches forced liquidations, enters against them, and manages every position as "
        "tranches."};
    RunOptions run_options;
    CheckOptions check_options;
    AskOptions ask_options;
    MergeOptions merge_options;
    DemoOptions demo_options;
    SimOptions sim_options;
    ReplayOptions replay_options;
    StorageOptions storage_options;
    int code{};

    CommandLine() {
        app.require_subcommand(1);
        app.set_version_flag("--version", "tranche 0.1.0");
        app.name("tranche");
        add_run();
        add_check();
        add_asking();
        add_merge();
        add_demo();
        add_sim_verb(app, sim_options, code);
        add_replay_verb(app, replay_options, code);
        add_storage_verbs(app, storage_options, code);
    }

    void add_run() {
        CLI::App* verb = app.add_subcommand("run",
                                            "the pipeline, against the exchange of the "
                                            "settings");
        verb->add_option("--settings", run_options.settings, "settings file")
            ->capture_default_str();
        verb->add_option("--duration", run_options.duration_s,
                         "seconds to run; 0 until SIGTERM or Ctrl-C")
            ->capture_default_str()
            ->check(CLI::NonNegativeNumber);
        verb->add_option("--keylog", run_options.keylog,
                         "writes TLS secrets for Wireshark: whoever has this file can read the "
                         "traffic");
        verb->add_option("--record", run_options.record,
                         "writes the frames that come, decrypted, as a pcapng for Wireshark and "
                         "replay; the file must not be there yet");
        verb->footer("Example:\n  tranche run --settings settings.json");
        verb->callback([this] { code = run(run_options); });
    }

    void add_check() {
        CLI::App* verb = app.add_subcommand("check", "validates settings, prints every problem");
        verb->add_option("SETTINGS", check_options.settings, "settings file")
            ->capture_default_str();
        verb->add_flag("--json", check_options.json, "one JSON object on stdout");
        verb->footer("Example:\n  tranche check settings.json");
        verb->callback([this] { code = check(check_options); });
    }

    void add_asking() {
        CLI::App* verb = app.add_subcommand("status", "what a running instance is doing");
        add_ask_flags(*verb, ask_options);
        verb->footer("Example:\n  tranche status");
        verb->callback([this] { code = status(ask_options); });
        verb = app.add_subcommand("latency", "latency histograms of a running instance");
        add_ask_flags(*verb, ask_options);
        verb->footer("Example:\n  tranche latency --json");
        verb->callback([this] { code = latency(ask_options); });
        const std::pair<const char*, const char*> buttons[] = {
            {"pause", "no more entries; exits go on"},
            {"resume", "entries again, also after a hold that waits for an operator"},
            {"flatten", "closes every position at market and pauses"}};
        for (const auto& [name, what] : buttons) {
            verb = app.add_subcommand(name, what);
            add_ask_flags(*verb, ask_options);
            verb->footer(std::string{"Example:\n  tranche "} + name);
            verb->callback(
                [this, button = std::string{name}] { code = press(ask_options, button); });
        }
    }

    void add_merge() {
        CLI::App* verb = app.add_subcommand("merge", "makes one tranche of those named");
        verb->add_option("SYMBOL", merge_options.symbol, "as on the exchange")
            ->required()
            ->check([](const std::string& name) {
                const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
                    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                });
                return plain ? std::string{} : name + " is no symbol, expected as BTCUSDT";
            });
        verb->add_option("SIDE", merge_options.side, "LONG or SHORT")
            ->required()
            ->check(CLI::IsMember({"LONG", "SHORT"}));
        verb->add_option("ORDINALS", merge_options.ordinals,
                         "the numbers that the page shows behind #; 2 to 16 of them")
            ->required()
            ->expected(2, 16);
        add_ask_flags(*verb, ask_options);
        verb->footer("Example:\n  tranche merge BTCUSDT LONG 0 1");
        verb->callback([this] { code = merge(ask_options, merge_options); });
    }

    void add_demo() {
        CLI::App* verb = app.add_subcommand("demo", "the pipeline against the simulated exchange");
        verb->add_option("--seconds", demo_options.seconds, "how long; 0 until Ctrl-C")
            ->capture_default_str()
            ->check(CLI::NonNegativeNumber);
        verb->add_option("--folder", demo_options.folder, "settings, keys, database and logs")
            ->capture_default_str();
        verb->add_option("--recording", demo_options.recordings,
                         "frames recorded by others instead of the generated market (repeatable)");
        verb->add_option("--speed", demo_options.speed, "of recordings: max, real or a factor")
            ->capture_default_str();
        verb->add_option("--seed", demo_options.seed, "of the generated market")
            ->capture_default_str();
        verb->add_option("--port", demo_options.port, "of the status page")->capture_default_str();
        verb->add_option("--exchange-port", demo_options.exchange_port, "of the simulated exchange")
            ->capture_default_str();
        verb->footer("Example:\n  tranche demo --seconds 60");
        verb->callback([this] { code = demo(demo_options); });
    }
};

}  // namespace

int main(int argc, char** argv) {
    use_record_memory();  // first of all: later OpenSSL would refuse; nothing has used it yet
    CommandLine line;
    try {
        line.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int shown = line.app.exit(error);
        return shown == 0 ? 0 : static_cast<int>(Exit::usage);
    }
    return line.code;
}
