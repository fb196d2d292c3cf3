// Exit codes of every verb: the interface contract.
#pragma once

#include <cstdio>

#include "core/result.hpp"

namespace tranche {

enum class Exit : int {
    ok = 0,
    no = 1,  // the answer is "no"
    not_found = 2,
    usage = 64,
    bad_data = 65,
    unavailable = 69,
    cannot_write = 73,
    io = 74,
    locked = 75,
    credentials = 77,
    settings = 78,
};

constexpr Exit exit_code(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::not_found: return Exit::not_found;
        case ErrorKind::usage: return Exit::usage;
        case ErrorKind::bad_data: return Exit::bad_data;
        case ErrorKind::unavailable: return Exit::unavailable;
        case ErrorKind::cannot_write: return Exit::cannot_write;
        case ErrorKind::io: return Exit::io;
        case ErrorKind::locked: return Exit::locked;
        case ErrorKind::credentials: return Exit::credentials;
        case ErrorKind::settings: return Exit::settings;
    }
    return Exit::io;
}

/// Says on stderr what went wrong and returns the code to leave with.
inline int report(const Error& error) {
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return static_cast<int>(exit_code(error.kind));
}

}  // namespace tranche
