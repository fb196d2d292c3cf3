// The verbs of the program, one function each; every one returns the process's exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tranche {

struct RunOptions {
    std::string settings{"settings.json"};
    double duration_s{};  // 0: until a signal comes
    std::string keylog;   // TLS secrets for Wireshark; empty for none
    std::string record;   // the frames, decrypted, as a pcapng; empty for none
};
int run(const RunOptions& options);

struct CheckOptions {
    std::string settings{"settings.json"};
    bool json{};
};
int check(const CheckOptions& options);

/// Verbs that ask a running instance through its HTTP API.
struct AskOptions {
    std::string url{"http://127.0.0.1:8787"};
    std::string token_file;
    bool json{};
};
int status(const AskOptions& options);
int latency(const AskOptions& options);
int press(const AskOptions& options, const std::string& button);

struct MergeOptions {
    std::string symbol;
    std::string side;  // LONG or SHORT
    std::vector<std::uint32_t> ordinals;
};
int merge(const AskOptions& options, const MergeOptions& wanted);

struct ImportVerbOptions {
    std::string old_database;
    std::string into;  // empty: storage.database of the settings
    std::string settings{"settings.json"};
    bool json{};
};
int import_database(const ImportVerbOptions& options);

struct VerifyOptions {
    std::string settings{"settings.json"};
    int patience_s{5};  // for what a running instance settles by itself
    bool json{};
};
int verify(const VerifyOptions& options);

struct BackupOptions {
    std::string settings{"settings.json"};
    std::string to;
    bool json{};
};
int backup(const BackupOptions& options);

struct DemoOptions {
    int seconds{};  // 0: until Ctrl-C
    std::string folder{"data/demo"};
    std::vector<std::string> recordings;
    std::string speed{"real"};
    unsigned seed{1};
    int port{8787};
    int exchange_port{18443};
};
int demo(const DemoOptions& options);

}  // namespace tranche
