// Value or error, for cold paths. Hot stages use small enums and counters instead.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "core/require.hpp"

namespace tranche {

/// What kind of trouble it is; the programs turn it into the exit codes of the interface contract.
enum class ErrorKind : unsigned char {
    not_found,     // exit 2
    usage,         // exit 64
    bad_data,      // exit 65
    unavailable,   // exit 69: exchange or service cannot be reached
    cannot_write,  // exit 73
    io,            // exit 74
    locked,        // exit 75: another instance holds the lock
    credentials,   // exit 77
    settings,      // exit 78
};

/// An error a user can act on: what, where, which value, what to do. May span several lines.
struct Error {
    ErrorKind kind{};
    std::string message;
};

/// Either a value or an `Error`. Ask `ok()` first; taking the wrong one is our bug.
template <class T> class [[nodiscard]] Result {
public:
    Result(T value) : content_{std::in_place_index<0>, std::move(value)} {}
    Result(Error error) : content_{std::in_place_index<1>, std::move(error)} {}

    bool ok() const { return content_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& value() & {
        require(ok(), "a result that is read holds a value");
        return *std::get_if<0>(&content_);
    }
    const T& value() const& {
        require(ok(), "a result that is read holds a value");
        return *std::get_if<0>(&content_);
    }
    T&& value() && {
        require(ok(), "a result that is read holds a value");
        return std::move(*std::get_if<0>(&content_));
    }
    const Error& error() const {
        require(!ok(), "an error that is read is there");
        return *std::get_if<1>(&content_);
    }

private:
    std::variant<T, Error> content_;
};

/// The value of a step that has nothing to say but that it worked.
struct Done {};

}  // namespace tranche
