// One row of the old database into rows of the new one. Each function says what became of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/ids.hpp"
#include "core/rows.hpp"
#include "persist/database.hpp"
#include "persist/old_file.hpp"
#include "persist/old_import.hpp"
#include "persist/old_values.hpp"

namespace tranche {

/// A prepared INSERT whose values are given from left to right.
class Insert {
public:
    static Result<Insert> prepare(Database& database, std::string_view sql);
    Insert& operator<<(std::int64_t value);
    Insert& operator<<(std::string_view text);
    Insert& operator<<(const std::optional<std::int64_t>& value);
    /// Runs it; `constraint` leaves the transaction alive.
    Step run();

private:
    explicit Insert(Statement statement) : statement_{std::move(statement)} {}
    Statement statement_;
    int next_{1};
};

/// A side of a position and a tranche of it as the old bot numbered it.
using OldTrancheKey = std::tuple<std::string, PositionSide, std::int64_t>;

/// What the old tables say about one exchange order beside the row in `trades`.
struct OldOrderFacts {
    std::optional<PositionSide> side;
    std::optional<Role> role;
    std::uint32_t tranche{};  // new id; 0 without
    Nanos placed{};
    Nanos updated{};
    std::int64_t last_row{};  // newest row of `trades` about it; 0 for none
};

/// An order of the old bot, as far as anybody knows it.
struct OldOrder {
    std::string symbol;
    Side side{};
    PositionSide position_side{};
    Role role{};
    OrderType type{OrderType::unknown};
    OrderState state{};
    std::int64_t order_id{};
    std::int64_t price{};  // 1e-8, limit or trigger
    std::int64_t quantity{};
    std::int64_t filled{};
    std::int64_t average_price{};
    std::int64_t code{};
    std::uint32_t tranche{};
    Nanos created{};
    Nanos updated{};
};

class OldRows {
public:
    static Result<OldRows> prepare(Database& into, const ImportOptions& options);

    /// Before anything else: which exit orders more than one tranche names, and which orders
    /// `trades` has.
    void note_exits(const OldRow& row);
    void note_trade(const OldRow& row);

    Result<Done> tranche(const OldRow& row, OldVariant variant, Fate& fate);
    Result<Done> relation(const OldRow& row, Fate& fate);
    Result<Done> order_status(const OldRow& row, Fate& fate);
    Result<Done> trade(const OldRow& row, Fate& fate);
    Result<Done> liquidation(const OldRow& row, Fate& fate);
    Result<Done> income(const OldRow& row, Fate& fate);

    ImportReport& report() { return report_; }

private:
    enum class Target : std::size_t { tranche, order, fill, liquidation, income };
    OldRows(Database& into, const ImportOptions& options, std::vector<Insert> inserts)
        : into_{&into}, options_{&options}, inserts_{std::move(inserts)} {}
    Insert& into(Target target) { return inserts_[static_cast<std::size_t>(target)]; }
    std::int64_t next_sequence() { return sequence_++; }
    ClientOrderIdText name_order(Role role, std::uint32_t tranche);
    OldOrderFacts* facts_of(const std::string& symbol, std::string_view order_id);
    void link_exits(const OldRow& row, const OldTrancheKey& key, bool open, Fate& fate);
    Result<ClientOrderIdText> put_order(const OldOrder& order, Fate& fate);
    Result<Done> put_fill(const OldRow& row, const OldOrder& order, Fate& fate);
    Result<Done> check(Step step, std::string_view doing, Fate& fate) const;

    Database* into_;
    const ImportOptions* options_;
    std::vector<Insert> inserts_;
    ImportReport report_;
    std::int64_t sequence_{-1'000'000'000'000};  // below every journal record's
    std::uint32_t tranche_id_{};                 // newest
    std::map<std::string, int> exit_names_;      // order id → tranches that name it
    std::map<std::pair<std::string, std::string>, OldOrderFacts> orders_;  // symbol, order id
    std::map<OldTrancheKey, std::uint32_t> tranches_;
    std::map<std::pair<std::string, PositionSide>, std::uint32_t> ordinals_;  // V3: renumbered
    std::map<std::pair<Role, std::uint32_t>, std::uint32_t> generations_;
};

}  // namespace tranche
