// What a connection needs of the exchange: answers to calls, and the events that follow them.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "tools/exchange/api.hpp"
#include "tools/exchange/faults.hpp"
#include "tools/exchange/hub.hpp"
#include "tools/exchange/venue.hpp"

namespace tranche::exchange {

/// Glue between the pure exchange and its sockets; all on one thread.
class Service {
public:
    /// `log` may be null; it is not owned.
    Service(Venue& venue, Api& api, FaultPlan& faults, std::FILE* log)
        : venue_{venue}, api_{api}, faults_{faults}, log_{log} {
        venue_.outbox.keep_log = log != nullptr;
    }

    /// One turn of the clock: market frames and events go out.
    void tick(std::int64_t now_ms);
    Answer handle(const Call& call) { return api_.handle(call); }
    RequestFate fate_of(const Answer& answer) {
        const RequestKind signed_kind = answer.trade_call ? RequestKind::trade : RequestKind::query;
        return faults_.decide(answer.signed_call ? signed_kind : RequestKind::open);
    }
    /// Sends the user events that have come up and writes the log.
    void flush();

    Hub hub;

private:
    Venue& venue_;
    Api& api_;
    FaultPlan& faults_;
    std::FILE* log_;
    std::vector<StreamFrame> frames_;
};

}  // namespace tranche::exchange
