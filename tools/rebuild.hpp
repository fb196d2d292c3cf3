// The third layer of memory: what was open, from the exchange alone, by what our client order ids
// say. For a database that has never been run with: the first one, or one made anew after the old
// one was lost. Source: architecture.md rule 8; reliability-model.md §0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/settings.hpp"
#include "persist/database.hpp"
#include "tools/account_reader.hpp"

namespace tranche {

struct Rebuilt {
    bool traded_before{};  // the exchange knows orders or income of this account
    std::int64_t tranches{};
    std::vector<std::string> notes;  // what could only be guessed, a line each
};

/// Writes the open tranches into `database` and lets its epoch begin above any that an earlier
/// database can have given, so that no client order id ever comes twice. Nothing is done when it
/// has been run with before. Orders are not written: the first snapshot brings them.
/// Errors: those of the exchange and of the database; then nothing may be traded.
Result<Rebuilt> rebuild(Database& database, const Settings& settings, AccountReader& reader,
                        Nanos now);

/// An order of ours as the exchange remembers it, and a trade.
struct PastOrder {
    std::int64_t order_id{};
    ClientOrderId id;
};
struct PastTrade {
    std::int64_t order_id{};
    Quantity quantity;
    Price price;
};

/// What the exchange says of one side that holds something.
struct SideEvidence {
    PositionSide side{};
    Quantity held;
    Price entry;                           // its average over the whole position
    std::vector<aster::ListedOrder> open;  // of ours, on this symbol
    std::vector<PastOrder> orders;         // of ours, on this symbol, newest last
    std::vector<PastTrade> trades;         // on this side, oldest first
};

/// The tranches of one side. By the stops that work when they add up to what is held; else by the
/// trades, when those do; else none: the engine adopts what is held as one. `exact`: every entry
/// comes from trades. Pure.
struct SideRebuilt {
    std::vector<TrancheRow> tranches;
    bool exact{true};
};
SideRebuilt rebuild_side(const SideEvidence& evidence);

}  // namespace tranche
