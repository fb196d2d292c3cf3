#include "persist/old_rows.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/numbers.hpp"
#include "persist/stored_names.hpp"

namespace tranche {
namespace {

/// In the order of OldRows::Target.
constexpr std::array statements = {
    "INSERT INTO tranches VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?9, 0, 0, 0, 0, "
    "0, 0, 0, ?12, ?13, ?14, 0, 0, 0, 0, 0, 0, 0, 'none', 1)",
    "INSERT INTO orders (sequence, time_ns, client_order_id, role, tranche_id, order_id, symbol, "
    "side, position_side, type, time_in_force, working_type, state, open, price_e8, stop_price_e8, "
    "quantity_e8, filled_e8, average_price_e8, created_ns, updated_ns, sent_ns, cause_ns, code, "
    "reduce_only, close_position, price_protect) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
    "'gtc', 'contract_price', ?11, 0, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 0, 0, ?19, ?20, 0, 0)",
    "INSERT OR IGNORE INTO fills VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
    "'usdt', ?14, ?14, ?2, 0, 0)",
    "INSERT INTO liquidations VALUES (?1, ?2, ?3, ?2, 0, 0, ?4, ?5, 0, ?6, 0, ?7, 0, 0, ?8, "
    "'imported', NULL)",
    "INSERT OR IGNORE INTO income VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"};

std::optional<std::int64_t> product(std::int64_t price, std::int64_t quantity) {
    const Wide exact = Wide{price} * quantity / Price::one;
    if (exact > INT64_MAX) return std::nullopt;
    return static_cast<std::int64_t>(exact);
}

std::string lower(std::string_view word) {
    std::string text{word};
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

constexpr std::array exit_columns = {std::pair{"tp_order_id", Role::take_profit},
                                     std::pair{"sl_order_id", Role::stop_loss}};

}  // namespace

Result<Insert> Insert::prepare(Database& database, std::string_view sql) {
    auto statement = database.prepare(sql);
    if (!statement) return statement.error();
    return Insert{std::move(statement).value()};
}
Insert& Insert::operator<<(std::int64_t value) {
    statement_.bind(next_++, value);
    return *this;
}
Insert& Insert::operator<<(std::string_view text) {
    statement_.bind(next_++, text);
    return *this;
}
Insert& Insert::operator<<(const std::optional<std::int64_t>& value) {
    if (value) return *this << *value;
    statement_.bind_null(next_++);
    return *this;
}
Step Insert::run() {
    next_ = 1;
    const Step step = statement_.step();
    statement_.reset();
    return step;
}

Result<OldRows> OldRows::prepare(Database& into, const ImportOptions& options) {
    std::vector<Insert> inserts;
    for (const char* sql : statements) {
        auto insert = Insert::prepare(into, sql);
        if (!insert) return insert.error();
        inserts.push_back(std::move(insert).value());
    }
    const auto newest = into.integer("SELECT max(id) FROM tranches", 0);
    if (!newest) return newest.error();
    OldRows rows{into, options, std::move(inserts)};
    rows.tranche_id_ = static_cast<std::uint32_t>(newest.value());
    return rows;
}

Result<Done> OldRows::check(Step step, std::string_view doing, Fate& fate) const {
    if (step == Step::constraint) fate.ignore("the new schema refuses it");
    if (step == Step::done || step == Step::constraint) return Done{};
    return into_->error(doing);
}

void OldRows::note_exits(const OldRow& row) {
    for (const auto& [column, role] : exit_columns)
        if (const auto id = row.text(column)) ++exit_names_[std::string{*id}];
}

void OldRows::note_trade(const OldRow& row) {
    const auto id = row.whole("order_id");
    if (!id || *id <= 0) return;
    orders_[{std::string{row.text("symbol").value_or("")}, std::to_string(*id)}].last_row =
        row.number();
}

OldOrderFacts* OldRows::facts_of(const std::string& symbol, std::string_view order_id) {
    const auto found = orders_.find({symbol, std::string{order_id}});
    return found == orders_.end() ? nullptr : &found->second;
}

/// What the exits of a tranche were, as far as only this tranche names them (BUG-05).
void OldRows::link_exits(const OldRow& row, const OldTrancheKey& key, bool open, Fate& fate) {
    for (const auto& [column, role] : exit_columns) {
        const auto id = row.text(column);
        if (!id || id->empty()) continue;
        if (exit_names_[std::string{*id}] > 1) {
            fate.change("several tranches name the same exit order: not linked");
            continue;
        }
        if (open) report_.old_exits.emplace_back(*id);
        if (OldOrderFacts* facts = facts_of(std::get<0>(key), *id)) {
            facts->role = role;
            facts->side = std::get<1>(key);
            facts->tranche = tranches_[key];
        }
    }
}

Result<Done> OldRows::tranche(const OldRow& row, OldVariant variant, Fate& fate) {
    const std::string symbol = read_symbol(row, fate);
    const auto side = read_position_side(row.text("position_side").value_or(""));
    const auto number = row.whole("tranche_id");
    const auto quantity = read_amount(row, "total_quantity", fate);
    const auto entry = read_amount(row, "avg_entry_price", fate);
    if (!side) fate.ignore("no usable side");
    if (!number || *number < 0 || *number > INT32_MAX) fate.ignore("no usable tranche id");
    if (!quantity || !entry || (*quantity != 0 && *entry <= 0)) fate.ignore("no usable amounts");
    const auto created = read_old_time(row, "created_at");
    const auto updated = read_old_time(row, "updated_at");
    if (fate.ignored()) return Done{};
    if (!created) fate.change("no usable time of creation");
    const std::int64_t held = std::max(*quantity, -*quantity);
    if (*quantity < 0) fate.change("a negative quantity: a short's is positive here");
    const bool open = held != 0;
    const auto cost = product(*entry, held);
    if (!cost) fate.ignore("no usable amounts");
    if (open && !options_->symbols.contains(symbol))
        fate.ignore("open, but the settings do not trade its symbol: its position stays as it is");
    if (fate.ignored()) return Done{};
    std::int64_t ordinal = *number;
    if (variant == OldVariant::numbered || variant == OldVariant::repaired) {
        ordinal = ordinals_[{symbol, *side}]++;
        if (ordinal != *number) fate.change("numbered anew within its symbol and side");
    }
    const OldTrancheKey key{symbol, *side, *number};
    tranches_[key] = ++tranche_id_;
    const Nanos begin = created.value_or(options_->now);
    const Nanos end = std::max(begin, updated.value_or(begin));
    Insert& insert = into(Target::tranche);
    insert << next_sequence() << end.count << std::int64_t{tranche_id_} << std::string_view{symbol}
           << stored_name(*side) << ordinal
           << stored_name(open ? TrancheState::unprotected : TrancheState::closed)
           << std::int64_t{open} << held << *cost << *entry << begin.count << end.count
           << (open ? 0 : end.count);
    if (auto done = check(insert.run(), "writing a tranche", fate); !done) return done;
    if (fate.ignored()) return Done{};
    report_.open_tranches += open ? 1 : 0;
    link_exits(row, key, open, fate);
    return Done{};
}

Result<Done> OldRows::relation(const OldRow& row, Fate& fate) {
    const std::string symbol = read_symbol(row, fate);
    if (fate.ignored()) return Done{};
    const auto side = read_position_side(row.text("position_side").value_or(""));
    std::uint32_t tranche = 0;
    if (side) {
        const auto found = tranches_.find({symbol, *side, row.whole("tranche_id").value_or(0)});
        if (found != tranches_.end()) tranche = found->second;
    }
    int known = 0;
    const std::array links = {std::pair{"main_order_id", Role::entry}, exit_columns[0],
                              exit_columns[1]};
    for (const auto& [column, role] : links) {
        OldOrderFacts* facts = facts_of(symbol, row.text(column).value_or(""));
        if (facts == nullptr || facts->last_row == 0) continue;
        ++known;
        facts->role = role;
        if (side) facts->side = side;
        if (tranche != 0) facts->tranche = tranche;
    }
    if (known == 0) fate.ignore("none of its orders is in trades");
    if (tranche == 0) fate.change("its tranche is not known: says what its orders were for");
    return Done{};
}

Result<Done> OldRows::liquidation(const OldRow& row, Fate& fate) {
    const std::string symbol = read_symbol(row, fate);
    const auto side = read_side(row, fate);
    const auto time = read_old_time(row, "timestamp");
    const auto quantity = read_amount(row, "qty", fate);
    const auto price = read_amount(row, "price", fate);
    if (!time) fate.ignore("no usable time");
    if (!quantity || !price || *quantity < 0 || *price < 0) fate.ignore("no usable amounts");
    if (fate.ignored()) return Done{};
    auto value = read_amount(row, "usdt_value", fate);
    if (!value) {
        value = product(*price, *quantity);
        fate.change("no value stored: price times quantity");
    }
    if (!value || *value < 0) {
        fate.ignore("no usable amounts");
        return Done{};
    }
    Insert& insert = into(Target::liquidation);
    insert << next_sequence() << time->count << std::string_view{symbol} << stored_name(*side)
           << *price << *quantity << *value << stored_name(opposite(*side));
    return check(insert.run(), "writing a liquidation", fate);
}

Result<Done> OldRows::income(const OldRow& row, Fate& fate) {
    const auto time = read_old_time(row, "timestamp");
    const auto amount = read_amount(row, "income", fate);
    const auto type = row.text("income_type").value_or("");
    const auto id = row.text("tran_id").value_or("");
    const auto asset = row.text("asset").value_or("");
    if (!time) fate.ignore("no usable time");
    if (!amount) fate.ignore("no usable amounts");
    if (type.empty() || id.empty() || asset.empty())
        fate.ignore("no type, id or asset; the exchange is asked for it again");
    if (fate.ignored()) return Done{};
    const auto symbol = row.text("symbol").value_or("");
    const std::string word = lower(type);
    Insert& insert = into(Target::income);
    insert << std::string_view{word} << id << time->count;
    if (symbol.empty())
        insert << std::optional<std::int64_t>{};
    else
        insert << symbol;
    insert << asset << *amount << row.whole("trade_id").value_or(0)
           << row.text("info").value_or("");
    if (auto done = check(insert.run(), "writing income", fate); !done) return done;
    if (!fate.ignored() && into_->changes() == 0) fate.ignore("the same type and id again");
    return Done{};
}

}  // namespace tranche
