// The two programs as a user runs them: started, watched, asked over HTTP, ended.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "tools/process.hpp"

namespace tranche::integration {

using Json = nlohmann::json;

/// Asks until `condition` holds, for at most `patience`; the machine may be busy with other tests.
bool eventually(Nanos patience, const std::function<bool()>& condition);

/// A folder of our own, gone at the end together with the journal in shared memory.
class Folder {
public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string path(const std::string& name) const { return path_ + "/" + name; }
    const std::string& journal() const { return journal_; }
    /// Writes a file only we may read; returns its path.
    std::string write(const std::string& name, const std::string& text) const;
    std::string read(const std::string& name) const;

private:
    std::string path_;
    std::string journal_;
};

/// What a program that has ended left behind.
struct Ended {
    int code{-1};
    std::string text;  // stdout and stderr
};

using Environment = std::vector<std::pair<std::string, std::string>>;

/// Runs a program of ours to its end. A program that outlives `patience` is ended, which shows as
/// a code above 128 and as a failure of the running test.
Ended run_to_end(const Folder& folder, const std::vector<std::string>& command,
                 const Environment& environment = {}, Nanos patience = seconds(60));

/// The simulated exchange on a free port.
class Exchange {
public:
    /// `arguments` come after `--listen` and `--cert-out`.
    Exchange(const Folder& folder, const std::vector<std::string>& arguments,
             const std::string& name = "exchange");

    const std::string& url() const { return url_; }
    const std::string& certificate() const { return certificate_; }
    /// Address for the paths below /sim, which no fault reaches.
    const std::string& control() const { return control_; }
    std::string log() const;
    Json ledger() const;
    void pause_market() const;

private:
    const Folder& folder_;
    std::string name_;
    std::string certificate_;
    std::string url_, control_;
    std::optional<ChildProcess> process_;
};

/// Settings for that exchange: `symbols` trade from `threshold` USDT in the window.
Json settings_for(const Folder& folder, const std::string& exchange_url,
                  const std::string& certificate, const std::vector<std::string>& symbols,
                  int threshold);

/// `settings_for` with the symbols of the generated market, orders sent.
Json trading_settings(const Folder& folder, const Exchange& exchange);

/// A key file and a user, made up; the exchange accepts any signer unless told otherwise.
Environment credentials(const Folder& folder);

/// `tranche run`.
class Engine {
public:
    /// Starts with the settings given; does not wait.
    Engine(const Folder& folder, const Json& settings, const Environment& environment);

    /// Waits until the status page is there and says that orders may go out.
    bool trades(Nanos patience = seconds(40));
    /// Waits for the address of the status page.
    bool answers(Nanos patience = seconds(40));
    bool running() { return process_->running(); }
    /// Address of the status page, for verbs that take `--url`.
    const std::string& page() const { return page_; }
    Json get(const std::string& path) const;
    std::string get_text(const std::string& path) const;
    /// `get("/api/overview")` at a pointer; zero when it is not there.
    std::int64_t figure(const std::string& pointer) const;
    void kill_hard();
    /// SIGTERM; returns the exit code.
    int stop() { return process_->stop(30'000); }
    std::string log() const;

private:
    const Folder& folder_;
    std::string log_name_;
    std::string page_;
    std::optional<ChildProcess> process_;
};

std::string tranche_program();
std::string exchange_program();

}  // namespace tranche::integration
