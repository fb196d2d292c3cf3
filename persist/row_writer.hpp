// One record → its table rows, by prepared statements.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/messages.hpp"
#include "persist/database.hpp"
#include "persist/journal.hpp"

namespace tranche {

class RowWriter {
public:
    static Result<RowWriter> prepare(Database& database);

    /// Writes one record inside the caller's transaction; symbol ids are named by `names`.
    /// `constraint`: the record itself is at fault, `why` says how, the transaction lives on.
    Step write(const Record& record, const Journal& names, std::string& why);

    /// Keeps a record that no table takes, whole.
    Step quarantine(const Record& record, std::string_view why);

    /// The sequence up to which records are in the database.
    Step save_progress(std::uint64_t sequence);

private:
    explicit RowWriter(Database& database) : database_{&database} {}
    template <class Row>
    Step put(Statement& statement, const Record& record, const Row& row, const Journal& names,
             std::string& why);
    Step put_tranche(const Record& record, const Journal& names, std::string& why);
    static Step finish(Statement& statement);

    Database* database_;
    Statement liquidation_, order_, fill_, tranche_, tranche_history_, mode_, alarm_, balance_,
        merge_, rejected_, progress_;
};

}  // namespace tranche
