// One record → its table rows, by prepared statements.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/messages.hpp"
#include "persist/database.hpp"
#include "persist/journal.hpp"

namespace tranche {

/// What a liquidation is found by.
struct LiquidationKey {
    std::array<char, 24> name;  // of the symbol, zero-filled
    Nanos arrival;
    std::uint64_t sequence;
    SymbolId symbol;
};

class RowWriter {
public:
    static Result<RowWriter> prepare(Database& database);

    /// Liquidations that one statement takes.
    static constexpr std::size_t liquidations_at_once = 16;

    /// Writes one record inside the caller's transaction; symbol ids are named by `names`.
    /// `constraint`: the record itself is at fault, `why` says how, the transaction lives on.
    Step write(const Record& record, const Journal& names, std::string& why);

    /// Writes `liquidations_at_once` of them; `constraint`: none was, because of one of them.
    Step write_liquidations(std::span<const Record* const> records, const Journal& names);

    /// Makes liquidations of one symbol that were written findable by it; oldest first.
    Step write_run(std::span<const LiquidationKey> run);

    /// Writes the state of an order or tranche as `newest` has it, which may be a later record of
    /// the batch; of a tranche not its history. As `write`.
    Step write_state(const Record& newest, const Journal& names, std::string& why);

    /// Adds the record to the history of its tranche, whose row is there. As `write`.
    Step write_history(const Record& record, const Journal& names, std::string& why);

    /// Keeps a record that no table takes, whole.
    Step quarantine(const Record& record, std::string_view why);

    /// The sequence up to which records are in the database.
    Step save_progress(std::uint64_t sequence);

private:
    explicit RowWriter(Database& database) : database_{&database} {}
    template <class Row>
    Step put(Statement& statement, const Record& record, const Row& row, const Journal& names,
             std::string& why);
    static Step finish(Statement& statement);

    Database* database_;
    Statement liquidation_, liquidations_, run_, order_, fill_, tranche_, tranche_history_, mode_,
        alarm_, balance_, merge_, rejected_, progress_;
    std::string sequences_;  // of a run, as JSON
};

}  // namespace tranche
