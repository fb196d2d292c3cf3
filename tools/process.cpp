#include "tools/process.hpp"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;  // POSIX leaves its declaration to the program

namespace tranche {
namespace {

int code_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// `spawn` wants arrays of mutable pointers; the strings outlive the call.
std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

}  // namespace

Result<ChildProcess> ChildProcess::start(
    const std::vector<std::string>& command,
    const std::vector<std::pair<std::string, std::string>>& environment, const std::string& log) {
    std::vector<std::string> arguments = command;
    std::vector<std::string> variables;
    for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
    for (const auto& [name, value] : environment)
        variables.push_back(fmt::format("{}={}", name, value));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    pid_t pid = -1;
    const int failed = posix_spawn(&pid, command.front().c_str(), &actions, nullptr,
                                   pointers(arguments).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
        return Error{ErrorKind::not_found,
                     command.front() + " cannot be started: " + std::strerror(failed)};
    return ChildProcess{pid};
}

ChildProcess::~ChildProcess() {
    if (pid_ > 0) stop(5000);
}

bool ChildProcess::running() {
    if (pid_ <= 0) return false;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == 0) return true;
    code_ = code_of(status);
    pid_ = -1;
    return false;
}

int ChildProcess::stop(int patience_ms) {
    if (pid_ <= 0) return code_;
    kill(pid_, SIGTERM);
    constexpr timespec pause{0, 20'000'000};
    for (int waited = 0; waited < patience_ms; waited += 20) {
        if (!running()) return code_;
        nanosleep(&pause, nullptr);
    }
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return code_ = code_of(status);
}

std::string program_folder() {
    std::array<char, 4096> path{};
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
    const std::string program{path.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
    return program.substr(0, program.rfind('/') + 1);
}

}  // namespace tranche
