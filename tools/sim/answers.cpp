#include "tools/sim/answers.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/ids.hpp"
#include "core/numbers.hpp"
#include "core/require.hpp"
#include "net/aster/strategy.hpp"

namespace tranche::sim {
namespace {

/// Appends text and numbers to a buffer that is always large enough.
class Text {
public:
    explicit Text(std::span<char> out) : out_{out} {}

    void put(std::string_view text) {
        require(length_ + text.size() <= out_.size(), "an answer fits its buffer");
        std::memcpy(out_.data() + length_, text.data(), text.size());
        length_ += text.size();
    }
    void put_whole(std::int64_t value) {
        const auto end = std::to_chars(out_.data() + length_, out_.data() + out_.size(), value);
        length_ = static_cast<std::size_t>(end.ptr - out_.data());
    }
    void put_decimal(std::int64_t raw) {
        require(length_ + decimal_capacity <= out_.size(), "an answer fits its buffer");
        length_ += format_decimal(raw, out_.subspan(length_));
    }
    std::size_t length() const { return length_; }

private:
    std::span<char> out_;
    std::size_t length_{};
};

std::string_view word(OrderStatus status) {
    switch (status) {
        case OrderStatus::created: return "NEW";
        case OrderStatus::partially_filled: return "PARTIALLY_FILLED";
        case OrderStatus::filled: return "FILLED";
        case OrderStatus::canceled: return "CANCELED";
        case OrderStatus::expired: return "EXPIRED";
        case OrderStatus::rejected: return "REJECTED";
        case OrderStatus::none:
        case OrderStatus::unknown: break;
    }
    return "NEW";
}

std::size_t replace(std::string_view text, std::span<char> out) {
    std::memcpy(out.data(), text.data(), text.size());
    return text.size();
}

}  // namespace

std::size_t write_order(const Command& command, const Reply& reply, std::span<char> out) {
    Text text{out};
    text.put(R"({"orderId":)");
    text.put_whole(reply.order_id);
    if (command.id != ClientOrderId{}) {
        text.put(R"(,"clientOrderId":")");
        const ClientOrderIdText id = encode(command.id);
        text.put({id.data(), id.size()});
        text.put("\"");
    }
    text.put(R"(,"status":")");
    text.put(word(reply.status));
    text.put(R"(","executedQty":")");
    text.put_decimal(reply.filled.raw);
    text.put(R"(","avgPrice":")");
    text.put_decimal(reply.average_price.raw);
    text.put(R"(","price":")");
    text.put_decimal(reply.price.raw);
    text.put(R"(","origQty":")");
    text.put_decimal(reply.quantity.raw);
    text.put(R"(","updateTime":)");
    text.put_whole(reply.exchange_time.milliseconds());
    text.put("}");
    return text.length();
}

std::size_t write_strategy(const Command& command, const Reply& reply, std::span<char> out) {
    Text text{out};
    text.put(R"({"strategyId":1,"clientStrategyId":")");
    text.put(aster::client_strategy_id(encode(command.id)));
    text.put(
        R"(","strategyType":"OTOCO","strategyStatus":"NEW","failureReason":"","failureCode":)");
    text.put_whole(reply.code);
    text.put(R"(,"updateTime":)");
    text.put_whole(reply.exchange_time.milliseconds());
    text.put("}");
    return text.length();
}

std::size_t write_error(std::int32_t code, std::string_view message, std::span<char> out) {
    Text text{out};
    text.put(R"({"code":)");
    text.put_whole(code);
    text.put(R"(,"msg":")");
    text.put(message);
    text.put("\"}");
    return text.length();
}

std::size_t spoil(Garbage how, std::size_t length, std::span<char> out) {
    switch (how) {
        case Garbage::web_page: return replace("<html><body>Please wait</body></html>", out);
        case Garbage::cut: return length / 2;
        case Garbage::no_order: return replace("{}", out);
        case Garbage::retyped: return replace(R"({"orderId":[],"status":7,"executedQty":0})", out);
        case Garbage::huge_number:
            return replace(R"({"orderId":99999999999999999999,"status":"NEW"})", out);
        case Garbage::none: break;
    }
    return length;
}

}  // namespace tranche::sim
