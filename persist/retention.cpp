#include "persist/retention.hpp"

#include <utility>

namespace tranche {
namespace {

constexpr Nanos hour = seconds(3600);
constexpr Nanos between_steps = milliseconds(100);

}  // namespace

Retention::Retention(Database& database, std::uint32_t days, Statement statement)
    : database_{&database},
      span_{seconds(std::int64_t{days} * 24 * 3600)},
      delete_{std::move(statement)} {}

Result<Retention> Retention::make(Database& database, std::uint32_t days) {
    auto statement = database.prepare(
        "DELETE FROM liquidations WHERE sequence IN (SELECT sequence FROM liquidations "
        "WHERE arrival_ns < ? ORDER BY arrival_ns LIMIT ?)");
    if (!statement) return statement.error();
    return Retention{database, days, std::move(statement).value()};
}

Result<std::int64_t> Retention::step(Nanos now) {
    if (span_ == Nanos{} || now < next_) return std::int64_t{0};
    next_ = now + hour;
    delete_.bind(1, (now - span_).count);
    delete_.bind(2, rows_a_step);
    const Step step = delete_.step();
    if (step != Step::done) {
        const auto error = database_->error("deleting old liquidations");
        delete_.reset();
        return error;
    }
    delete_.reset();
    const auto deleted = database_->changes();
    if (deleted == rows_a_step) next_ = now + between_steps;
    return deleted;
}

}  // namespace tranche
