// What an engine would tell the journal, made up: the same records for the same seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/messages.hpp"
#include "core/symbols.hpp"

namespace tranche::bench {

class RecordMarket {
public:
    /// `symbols` of them, named S000USDT and so on; records begin at `start`, `step` apart.
    RecordMarket(std::size_t symbols, Nanos start, Nanos step);

    const SymbolTable& symbols() const { return table_; }

    /// A forced order; one in a thousand is entered.
    Record liquidation();
    /// Of a busy account: of 100 records 60 liquidations, 20 orders (four states each), 10 tranches
    /// (five states each), 5 fills and 5 balances.
    Record mixed();

    /// The next state of an order of the newest tranche: four of them, the last one final.
    Record order();
    /// The next state of a tranche: five of them, the last one final.
    Record tranche();
    Record fill();
    Record balance();

private:
    Record blank(RecordKind kind);
    SymbolId any_symbol();
    std::int64_t below(std::int64_t limit);

    std::vector<std::string> names_;
    SymbolTable table_;
    std::mt19937_64 random_{11};
    Nanos now_;
    Nanos step_;
    std::uint64_t turn_{};
    OrderRow order_{};
    std::uint32_t order_states_{};
    std::uint32_t orders_{};
    TrancheRow tranche_{};
    std::uint32_t tranche_states_{};
    std::uint32_t tranches_{};
    std::int64_t trades_{};
};

}  // namespace tranche::bench
