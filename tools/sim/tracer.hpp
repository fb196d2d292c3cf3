// The story of one run in readable lines.
#pragma once

#include <cstdio>
#include <string>

#include "core/messages.hpp"
#include "tools/sim/ledger.hpp"
#include "tools/sim/script.hpp"

namespace tranche::sim {

/// Writes to a file that somebody else owns; times are since the start of the run.
class Tracer {
public:
    Tracer(std::FILE* out, Nanos start) : out_{out}, start_{start} {}

    void event(const Event& event, Nanos now);
    void command(const Command& command, Nanos now);
    void record(const Record& record);
    void action(const Action& action, Nanos now);
    void order(const LedgerOrder& order, Nanos now);
    void note(const std::string& text, Nanos now);

private:
    void begin(Nanos now, const char* what);
    void id(const ClientOrderId& id);

    std::FILE* out_;
    Nanos start_;
};

}  // namespace tranche::sim
