#include "tools/paper_wallet.hpp"

#include <cstdint>
#include <fmt/format.h>

#include "persist/queries.hpp"

namespace tranche {
namespace {

/// Far more fills than can follow the last balance: each one brings a balance of its own.
constexpr std::size_t fills_without_balance = 10'000;

}  // namespace

std::string describe(const PaperSettings& paper) {
    return fmt::format(
        "real market data, orders are executed inside this process; no credentials are read, no "
        "signed request leaves; paper.latency_ms={} each way, paper.maker_fee={}, "
        "paper.taker_fee={}, paper.balance_usdt={}",
        to_text(paper.latency.count * 100), to_text(paper.maker_fee.raw),
        to_text(paper.taker_fee.raw), to_text(paper.balance.raw));
}

Result<Notional> find_paper_wallet(Database& database, const SymbolTable& symbols, Notional first) {
    Queries queries{database, symbols};
    const auto balances = queries.balances({.limit = 1});
    if (!balances) return balances.error();
    const auto fills = queries.fills({.limit = fills_without_balance});
    if (!fills) return fills.error();
    const bool known = !balances.value().empty();
    Notional wallet = known ? balances.value()[0].row.wallet : first;
    const std::uint64_t since = known ? balances.value()[0].sequence : 0;
    for (const Stored<FillRow>& fill : fills.value())
        if (fill.sequence > since && fill.row.commission_asset == CommissionAsset::usdt)
            wallet += fill.row.exchange_realized - fill.row.commission;
    return wallet;
}

}  // namespace tranche
