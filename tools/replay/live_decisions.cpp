#include "tools/replay/live_decisions.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "net/status/names.hpp"
#include "persist/database.hpp"

namespace tranche {
namespace {

std::string upper(std::string_view text) {
    std::string made{text};
    std::transform(made.begin(), made.end(), made.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return made;
}

}  // namespace

std::string decision_text(Nanos exchange_time, Nanos trade_time, std::string_view symbol,
                          std::string_view side, Price price, Quantity quantity,
                          std::string_view verdict, std::string_view trade_side,
                          std::uint32_t tranche) {
    return fmt::format("{} {} {} {} {} {} {} {} {}", exchange_time.count, trade_time.count, symbol,
                       side, to_text(price), to_text(quantity), verdict, trade_side, tranche);
}

std::string decision_text(const LiquidationRow& row) {
    const std::string_view symbol{row.name.data(), strnlen(row.name.data(), row.name.size())};
    return decision_text(row.exchange_time, row.trade_time, symbol, name_of(row.side), row.price,
                         row.quantity, name_of(row.verdict), name_of(row.trade_side),
                         static_cast<std::uint32_t>(row.tranche));
}

Result<std::vector<std::string>> read_live_decisions(const std::string& database, Nanos begin) {
    auto opened = Database::open(database, Access::read);
    if (!opened) return opened.error();
    auto rows = opened.value().prepare(
        "SELECT exchange_ns, trade_ns, symbol, side, price_e8, quantity_e8, verdict, trade_side,"
        " tranche_id FROM liquidations WHERE arrival_ns >= ?1 ORDER BY sequence");
    if (!rows) return rows.error();
    Statement& row = rows.value();
    row.bind(1, begin.count);
    std::vector<std::string> decisions;
    while (row.step() == Step::row)
        decisions.push_back(decision_text(Nanos{row.integer(0)}, Nanos{row.integer(1)}, row.text(2),
                                          upper(row.text(3)), Price{row.integer(4)},
                                          Quantity{row.integer(5)}, row.text(6), upper(row.text(7)),
                                          static_cast<std::uint32_t>(row.integer(8))));
    return decisions;
}

}  // namespace tranche
