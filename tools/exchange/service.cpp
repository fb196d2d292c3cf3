#include "tools/exchange/service.hpp"

namespace tranche::exchange {

void Service::tick(std::int64_t now_ms) {
    frames_.clear();
    const auto wanted = [this](std::string_view stream) { return hub.wanted(stream); };
    venue_.advance(now_ms, wanted, frames_);
    for (const StreamFrame& frame : frames_) hub.deliver(frame.stream, frame.payload);
    std::string expired;
    if (venue_.listen_key.expire(now_ms, expired)) hub.deliver(expired, listen_key_expired(now_ms));
    flush();
}

void Service::flush() {
    Outbox& outbox = venue_.outbox;
    const std::string& key = venue_.listen_key.key();
    if (!key.empty() && hub.wanted(key)) {
        for (const UserEvent& event : outbox.user) {
            const std::string payload = user_payload(venue_.rules, event);
            hub.deliver(key, payload);
            if (faults_.decide_event().twice) hub.deliver(key, payload);
        }
    }
    outbox.user.clear();
    if (log_ != nullptr && !outbox.log.empty()) {
        for (const LogEntry& entry : outbox.log) {
            const std::string line = log_line(venue_.rules, entry);
            std::fwrite(line.data(), 1, line.size(), log_);
            std::fputc('\n', log_);
        }
        std::fflush(log_);
    }
    outbox.log.clear();
}

}  // namespace tranche::exchange
