// The faults of reliability-model.md §2.3 by their ids: which the simulation injects, and which
// need a real machine.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace tranche::sim {

/// Those that are simulated. Names are the table's ids in lower case.
// clang-format off
enum class Fault : std::uint8_t {
    n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n12, n15,
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13,
    s1, s2, s3, s4, s5, s6, s7, s8, s9,
    p1, p3, p4, p5,
    d3, d5, d6,
    m1,
    t1, t2,
    c2,
    o1, o3, o5,
};
// clang-format on
inline constexpr std::size_t fault_count = 48;

/// Which faults may strike, and how often where that is not left to the seed.
class FaultSet {
public:
    FaultSet& set() {
        in_.set();
        return *this;
    }
    void set(std::size_t fault, std::uint32_t per_million = 0) {
        in_.set(fault);
        rates_[fault] = per_million;
    }
    void reset(std::size_t fault) { in_.reset(fault); }
    bool operator[](std::size_t fault) const { return in_[fault]; }
    /// Of a million requests or events; 0: the seed draws it.
    std::uint32_t rate(std::size_t fault) const { return rates_[fault]; }
    std::size_t count() const { return in_.count(); }
    bool all() const { return in_.all(); }
    bool none() const { return in_.none(); }
    bool operator==(const FaultSet&) const = default;

private:
    std::bitset<fault_count> in_;
    std::array<std::uint32_t, fault_count> rates_{};
};

constexpr std::size_t index(Fault fault) {
    return static_cast<std::size_t>(fault);
}

/// "N1"
std::string_view name(Fault fault);

/// `all`, `none`, or ids with commas between them; `N7:134000` strikes 134,000 times in a million
/// whatever the seed. Errors (usage): an id that is not in the table, or that needs a real machine,
/// a rate that is none.
Result<FaultSet> parse_faults(std::string_view text);

/// The text that `parse_faults` reads back.
std::string fault_text(const FaultSet& faults);

}  // namespace tranche::sim
