// Our books beside the exchange's: what differs, and what nothing protects. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/rows.hpp"
#include "core/settings.hpp"
#include "net/aster/account_rows.hpp"
#include "persist/row_reader.hpp"

namespace tranche {

/// What the database says is open.
struct StoredBooks {
    std::vector<Stored<TrancheRow>> tranches;
    std::vector<Stored<OrderRow>> orders;
};

/// What the exchange says is open.
struct ListedBooks {
    std::vector<aster::ListedPosition> positions;
    std::vector<aster::ListedOrder> orders;
};

enum class FindingKind : std::uint8_t {
    unprotected,    // held, and no stop of ours covers it
    position,       // tranches and position are not the same quantity
    exit_missing,   // a tranche's exit does not work at the exchange for its whole quantity
    order_unknown,  // of ours, open at the exchange, not in the database
    order_missing,  // open in the database, not at the exchange
    order_doubted,  // its fate is not known
};
std::string_view name(FindingKind kind);

struct Finding {
    FindingKind kind{};
    std::string symbol;
    std::string about;  // side, tranche or order: with kind and symbol it names the finding
    std::string text;

    bool same_as(const Finding& other) const {
        return kind == other.kind && symbol == other.symbol && about == other.about;
    }
};

struct Comparison {
    std::vector<Finding> findings;
    std::int64_t positions{};          // held on traded symbols
    std::int64_t tranches{};           // open
    std::int64_t orders{};             // of ours, open at the exchange
    std::int64_t foreign_orders{};     // of others, open at the exchange: never touched
    std::int64_t foreign_positions{};  // on symbols that the settings do not trade
};

/// Compares what the settings trade; of our installation only.
Comparison compare_books(const StoredBooks& stored, const ListedBooks& listed,
                         const EngineSettings& settings);

}  // namespace tranche
