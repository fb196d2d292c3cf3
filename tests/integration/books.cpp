#include "tests/integration/books.hpp"

#include <cstdlib>
#include <ostream>

#include "core/numbers.hpp"

namespace tranche::integration {
namespace {

std::string order_id_of(const Json& protection) {
    return protection.is_object() ? protection.value("order_id", "") : "";
}

std::int64_t quantity_of(const std::string& text) {
    return std::abs(parse_decimal(text).value_or(0));
}

}  // namespace

void PrintTo(const TrancheFacts& facts, std::ostream* out) {
    *out << facts.symbol << ' ' << facts.side << ' ' << facts.quantity << " at " << facts.entry
         << " tp " << facts.take_profit_order << " sl " << facts.stop_loss_order;
}

EngineBook read_engine(const Engine& engine) {
    EngineBook book;
    for (const Json& row : engine.get("/api/tranches")) {
        if (quantity_of(row.value("quantity", "0")) == 0) continue;
        book.tranches[row.value("id", std::int64_t{})] = {
            row.value("symbol", ""),      row.value("side", ""),     row.value("quantity", ""),
            row.value("entry_price", ""), order_id_of(row.at("tp")), order_id_of(row.at("sl"))};
        if (row.value("state", "") != "protected") ++book.unprotected;
    }
    for (const Json& row : engine.get("/api/orders")) {
        book.orders[row.value("client_order_id", "")] = row.value("order_id", "");
        if (row.value("role", "") == "entry") ++book.open_entries;
    }
    return book;
}

ExchangeBook read_exchange(const Exchange& exchange) {
    ExchangeBook book;
    const Json ledger = exchange.ledger();
    if (!ledger.is_object()) return book;
    for (const Json& row : ledger.at("open_orders")) {
        const std::string id = row.value("clientOrderId", "");
        book.orders[id] = std::to_string(row.value("orderId", std::int64_t{}));
        book.types[id] = row.value("type", "");
    }
    for (const Json& row : ledger.at("positions"))
        book.positions[row.value("symbol", "") + " " + row.value("positionSide", "")] +=
            quantity_of(row.value("quantity", "0"));
    book.accepted = ledger.value("orders_accepted", std::int64_t{-1});
    book.fills = ledger.value("fills", std::int64_t{-1});
    book.most_by_client_id = ledger.value("orders_by_client_id_max", std::int64_t{-1});
    book.duplicates = ledger.value("duplicates", std::int64_t{-1});
    return book;
}

std::string differences(const EngineBook& engine, const ExchangeBook& exchange) {
    std::string text;
    std::map<std::string, std::int64_t> held;
    std::set<std::string> working;
    for (const auto& [client_id, id] : exchange.orders) working.insert(id);
    for (const auto& [id, tranche] : engine.tranches) {
        held[tranche.symbol + " " + tranche.side] += quantity_of(tranche.quantity);
        for (const std::string& order : {tranche.take_profit_order, tranche.stop_loss_order})
            if (!working.contains(order))
                text += "tranche " + std::to_string(id) + ": its exit " + order +
                        " is not open at the exchange\n";
    }
    if (held != exchange.positions) {
        text += "positions differ:";
        for (const auto& [key, amount] : held) text += "\n  ours   " + key + " " + to_text(amount);
        for (const auto& [key, amount] : exchange.positions)
            text += "\n  theirs " + key + " " + to_text(amount);
        text += "\n";
    }
    if (engine.orders != exchange.orders)
        text += "open orders differ: ours " + std::to_string(engine.orders.size()) + ", theirs " +
                std::to_string(exchange.orders.size()) + "\n";
    if (engine.unprotected != 0)
        text += std::to_string(engine.unprotected) + " tranches are not protected\n";
    if (exchange.most_by_client_id != 1) text += "a client order id was accepted twice, or none\n";
    if (exchange.duplicates != 0) text += "orders were sent twice\n";
    return text;
}

std::string settle(const Engine& engine, const Exchange& exchange, Nanos patience) {
    std::string last = "nothing was read";
    std::optional<ExchangeBook> before;
    Nanos quiet_since{};
    eventually(patience, [&] {
        const ExchangeBook theirs = read_exchange(exchange);
        const EngineBook ours = read_engine(engine);
        last = differences(ours, theirs);
        if (ours.open_entries != 0) last += "entries are still open\n";
        const Nanos now = monotonic_now();
        if (!last.empty() || !before || !(*before == theirs)) quiet_since = now;
        before = theirs;
        return now - quiet_since > milliseconds(1'500);
    });
    return last;
}

}  // namespace tranche::integration
