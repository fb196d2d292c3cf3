// Deletes liquidations and balances that are too old, a little at a time, so that it never holds up
// a commit for long. What the account did stays.
#pragma once

#include <array>
#include <cstdint>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "persist/database.hpp"

namespace tranche {

class Retention {
public:
    /// `days` 0 keeps everything.
    static Result<Retention> make(Database& database, std::uint32_t days);

    /// At most `rows_a_step` rows of each kind, once an hour until nothing is left to delete;
    /// returns how many liquidations.
    Result<std::int64_t> step(Nanos now);

    static constexpr std::int64_t rows_a_step = 500;

private:
    Retention(Database& database, std::uint32_t days);
    Result<Done> prepare();

    Database* database_;
    Nanos span_;
    std::array<Statement, 3> delete_;
    Nanos next_{};
};

}  // namespace tranche
