// Names of things: dense ids inside the process, and the client order id that carries them outside.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tranche {

enum class SymbolId : std::uint16_t {};   // dense: an index into per-symbol arrays
enum class TrancheId : std::uint32_t {};  // never reused in the life of a database; 0 is "none"

inline constexpr SymbolId no_symbol{0xffff};
inline constexpr TrancheId no_tranche{0};

constexpr std::size_t index(SymbolId id) {
    return static_cast<std::size_t>(id);
}

/// Direction of an order. `sell` of a forced order means that a long is being closed.
enum class Side : std::uint8_t { buy, sell };
constexpr Side opposite(Side side) {
    return side == Side::buy ? Side::sell : Side::buy;
}

/// Which book of a symbol: hedge mode keeps `long_side` and `short_side` apart. In one-way mode a
/// position still is long or short to us; only the wire says BOTH.
enum class PositionSide : std::uint8_t { long_side, short_side };
constexpr std::size_t index(PositionSide side) {
    return static_cast<std::size_t>(side);
}
constexpr Side opening_side(PositionSide side) {
    return side == PositionSide::long_side ? Side::buy : Side::sell;
}
constexpr Side closing_side(PositionSide side) {
    return opposite(opening_side(side));
}
constexpr PositionSide opened_by(Side side) {
    return side == Side::buy ? PositionSide::long_side : PositionSide::short_side;
}
/// +1 for a long, −1 for a short.
constexpr std::int64_t sign(PositionSide side) {
    return side == PositionSide::long_side ? 1 : -1;
}

/// What an order is for.
enum class Role : std::uint8_t { entry, take_profit, stop_loss, close, backstop };

/// What our client order id says. One intent has one id for ever, so `epoch` (one a start of the
/// process, saved before the first order) and `generation` (counted per tranche and role) make it
/// unique. Source of the layout: reliability-model.md §0.
struct ClientOrderId {
    std::uint16_t instance{};  // 0…1023: which installation on this account
    Role role{};
    std::uint8_t reserved{};
    std::uint32_t epoch{};       // this start of the process
    TrancheId tranche{};         // 0 for a backstop, which belongs to a side key
    std::uint32_t generation{};  // 0…1,048,575, counted per tranche and role
    friend constexpr auto operator<=>(const ClientOrderId&, const ClientOrderId&) = default;
};
static_assert(sizeof(ClientOrderId) == 16);

/// Length of the text form: `q1-ii-eeeeeee-ttttttt-rgggg-cc`, base 32 fields.
inline constexpr std::size_t client_order_id_length = 30;
using ClientOrderIdText = std::array<char, client_order_id_length>;

inline constexpr std::uint32_t max_generation = (1U << 20) - 1;

/// Writes the text form. All characters are among those the exchange allows
/// (`^[.A-Z:/a-z0-9_-]{1,36}$`, exchange-protocol.md §6.1).
ClientOrderIdText encode(const ClientOrderId& id);

/// Reads one of ours. Nothing for a foreign id, another version, or a check that does not match:
/// somebody else's order must never be taken for ours.
std::optional<ClientOrderId> decode_client_order_id(std::string_view text);

}  // namespace tranche
