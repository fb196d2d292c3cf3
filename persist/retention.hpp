// Deletes liquidations that are too old, a little at a time, so that it never holds up a commit.
#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "persist/database.hpp"

namespace tranche {

class Retention {
public:
    /// `days` 0 keeps everything.
    static Result<Retention> make(Database& database, std::uint32_t days);

    /// At most `rows_a_step` rows, once an hour until nothing is left to delete; returns how many.
    Result<std::int64_t> step(Nanos now);

    static constexpr std::int64_t rows_a_step = 500;

private:
    Retention(Database& database, std::uint32_t days, Statement statement);

    Database* database_;
    Nanos span_;
    Statement delete_;
    Nanos next_{};
};

}  // namespace tranche
