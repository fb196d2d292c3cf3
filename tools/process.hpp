// A child process: started, watched, ended. For verbs that run others.
#pragma once

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace tranche {

/// Ends its child (SIGTERM, then SIGKILL) when it goes out of scope.
class ChildProcess {
public:
    /// Starts `command[0]` (a path) with the rest as arguments. `environment`: added to ours.
    /// `log`: file that takes stdout and stderr, appended to. Errors: cannot_write, not_found.
    static Result<ChildProcess> start(
        const std::vector<std::string>& command,
        const std::vector<std::pair<std::string, std::string>>& environment,
        const std::string& log);

    ChildProcess(ChildProcess&& other) noexcept : pid_{std::exchange(other.pid_, -1)} {}
    ChildProcess& operator=(ChildProcess&& other) noexcept {
        std::swap(pid_, other.pid_);
        return *this;
    }
    ~ChildProcess();

    pid_t pid() const { return pid_; }
    /// True while it runs; reaps it otherwise.
    bool running();
    /// SIGTERM, then up to `patience_ms`, then SIGKILL. Returns its exit code, or 128 + signal.
    int stop(int patience_ms);

private:
    explicit ChildProcess(pid_t pid) : pid_{pid} {}
    pid_t pid_{-1};
    int code_{};
};

/// Folder of the running program, with a trailing slash.
std::string program_folder();

}  // namespace tranche
