// The exchange's answers to order requests as text, so that reading and classing them is the
// production decoder's work (net/aster/replies.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/messages.hpp"

namespace tranche::sim {

/// Ways in which an answer can be no answer (X13 and kin).
enum class Garbage : std::uint8_t { web_page, cut, no_order, retyped, huge_number, none };

/// Writes the order's JSON object; returns the length. `out` holds at least 512 bytes.
std::size_t write_order(const Command& command, const Reply& reply, std::span<char> out);
/// The same of an entry that takes its exits along: a strategy, which names no order.
std::size_t write_strategy(const Command& command, const Reply& reply, std::span<char> out);
/// Writes an error object.
std::size_t write_error(std::int32_t code, std::string_view text, std::span<char> out);
/// Makes an answer unreadable; returns its new length.
std::size_t spoil(Garbage how, std::size_t length, std::span<char> out);

}  // namespace tranche::sim
