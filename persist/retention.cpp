#include "persist/retention.hpp"

#include <string_view>
#include <utility>

namespace tranche {
namespace {

constexpr Nanos hour = seconds(3600);
constexpr Nanos between_steps = milliseconds(100);

}  // namespace

Retention::Retention(Database& database, std::uint32_t days)
    : database_{&database}, span_{seconds(std::int64_t{days} * 24 * 3600)} {}

Result<Retention> Retention::make(Database& database, std::uint32_t days) {
    Retention retention{database, days};
    if (auto done = retention.prepare(); !done) return done.error();
    return retention;
}

Result<Done> Retention::prepare() {
    constexpr std::array<std::string_view, 3> deletions{
        "DELETE FROM liquidations WHERE sequence IN (SELECT sequence FROM liquidations "
        "WHERE arrival_ns < ? ORDER BY arrival_ns LIMIT ?)",
        "DELETE FROM liquidation_runs WHERE (symbol, newest_ns, newest_sequence) IN "
        "(SELECT symbol, newest_ns, newest_sequence FROM liquidation_runs WHERE newest_ns < ? "
        "LIMIT ?)",
        // the newest balance is what paper mode begins with
        "DELETE FROM balances WHERE sequence IN (SELECT sequence FROM balances WHERE time_ns < ? "
        "AND sequence < (SELECT max(sequence) FROM balances) ORDER BY time_ns LIMIT ?)"};
    for (std::size_t i = 0; i < deletions.size(); ++i) {
        auto statement = database_->prepare(deletions[i]);
        if (!statement) return statement.error();
        delete_[i] = std::move(statement).value();
    }
    return Done{};
}

Result<std::int64_t> Retention::step(Nanos now) {
    if (span_ == Nanos{} || now < next_) return std::int64_t{0};
    next_ = now + hour;
    auto transaction = Transaction::begin(*database_);
    if (!transaction) return transaction.error();
    std::int64_t liquidations = 0;
    for (Statement& statement : delete_) {
        statement.bind(1, (now - span_).count);
        statement.bind(2, rows_a_step);
        const Step step = statement.step();
        statement.reset();
        if (step != Step::done) return database_->error("deleting old rows");
        const std::int64_t deleted = database_->changes();
        if (deleted == rows_a_step) next_ = now + between_steps;
        if (&statement == &delete_.front()) liquidations = deleted;
    }
    if (auto done = transaction.value().commit(); !done) return done.error();
    return liquidations;
}

}  // namespace tranche
