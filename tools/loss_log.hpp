// Tells people why stream connections were lost.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "net/receive.hpp"

namespace tranche {

/// The same words about the same connection are told once a minute: who cannot connect tries often.
class LossLog {
public:
    static constexpr Nanos again_after = seconds(60);

    /// A line when there is something new to tell about the connection, else nothing. A refused
    /// certificate is an alarm: somebody may stand between us and the exchange. Cold.
    std::string tell(std::size_t connection, std::string_view name,
                     const Snapshot<LossWords>& words, Nanos now);

private:
    struct Told {
        std::uint64_t version{};
        std::string words;
        Nanos at{};
    };
    std::vector<Told> told_;  // by connection
};

}  // namespace tranche
