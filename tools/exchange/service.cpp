#include "tools/exchange/service.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "tools/exchange/deform.hpp"
#include "tools/exchange/wall_clock.hpp"

namespace tranche::exchange {
namespace {

/// An event that waits for the next one does not wait longer.
constexpr std::int64_t held_ms = 500;

}  // namespace

std::int64_t Service::now_us() const {
    return wall_clock_us() + faults_.clock_ms() * 1000;
}

void Service::tick(std::int64_t now_ms) {
    frames_.clear();
    const auto wanted = [this](std::string_view stream) { return hub.wanted(stream); };
    venue_.advance(now_ms, wanted, frames_);
    for (const StreamFrame& frame : frames_) send_frame(frame, now_ms);
    std::string expired;
    if (venue_.listen_key.expire(now_ms, expired)) hub.deliver(expired, listen_key_expired(now_ms));
    flush();
    if (held_ && held_->due_ms <= now_ms) {
        hub.deliver(held_->stream, held_->payload);
        held_.reset();
    }
    release(late_frames_, now_ms);
    release(late_events_, now_ms);
}

RequestFate Service::fate_of(const Call& call) {
    if (call.path.starts_with("/sim/")) return {};
    const std::string parameters = call.query + "&" + call.body;
    CallFacts facts = Api::facts_of(call);
    facts.parameters = parameters;
    return faults_.decide(facts);
}

Answer Service::handle(const Call& call, const RequestFate& fate) {
    if (from_loopback(call.address) && call.path == "/sim/faults") return faults(call);
    if (from_loopback(call.address) && call.path == "/sim/connections") return connections(call);
    if (auto made_up = instead_of(fate, call.now_ms(), api_.budgets().ban_s)) return *made_up;
    Answer answer = api_.handle(call);
    deform(fate, answer);
    return answer;
}

Answer Service::faults(const Call& call) {
    if (call.method == "POST") {
        std::string error;
        auto rules = parse_faults(call.body, error);
        if (!rules) return refuse({-1130, error});
        faults_.replace(std::move(*rules));
    }
    JsonWriter json;
    json.begin_array();
    for (const FaultRule& rule : faults_.rules()) {
        json.begin_object().field("fault", name(rule.fault)).field("where", rule.where);
        json.field("text", rule.text).field("happened", rule.happened);
        if (rule.left) json.field("left", *rule.left);
        json.end_object();
    }
    return ok(json.end_array().take());
}

Answer Service::connections(const Call& call) {
    if (call.method == "POST") {
        const auto read = Params::parse(call.body);
        if (const auto* bad = std::get_if<Reject>(&read)) return refuse(*bad);
        const Params& params = std::get<Params>(read);
        const auto what = harm(params.get("do"));
        const auto kind = line_kind(params.get("which"));
        if (!what || (!kind && params.get("which") != "all"))
            return refuse({-1130,
                           "expected do=cut, reset, half_open or close and which=rest, market, "
                           "user or all; count=N for fewer than all of them"});
        const auto most = params.integer("count").value_or(1'000'000);
        const auto harmed =
            lines.harm(*what, kind, static_cast<std::size_t>(std::max(most, std::int64_t{0})));
        return ok(fmt::format(R"({{"harmed":{}}})", harmed));
    }
    return ok(fmt::format(R"({{"rest":{},"market":{},"user":{}}})", lines.count(LineKind::rest),
                          lines.count(LineKind::market), lines.count(LineKind::user)));
}

bool Service::private_stream(const Subscriptions& subscriptions) const {
    const std::string& key = venue_.listen_key.key();
    return !key.empty() && subscriptions.has(key);
}

void Service::pass(std::deque<Late>& late, Late one, std::int64_t lag_ms, std::int64_t now_ms) {
    // A connection keeps its order: who comes after somebody late is late as well.
    if (lag_ms == 0 && late.empty()) return hub.deliver(one.stream, one.payload);
    one.due_ms = std::max(now_ms + lag_ms, late.empty() ? now_ms : late.back().due_ms);
    late.push_back(std::move(one));
}

void Service::release(std::deque<Late>& late, std::int64_t now_ms) {
    while (!late.empty() && late.front().due_ms <= now_ms) {
        hub.deliver(late.front().stream, late.front().payload);
        late.pop_front();
    }
}

void Service::send_frame(const StreamFrame& frame, std::int64_t now_ms) {
    const FrameFate fate = faults_.decide_frame();
    if (fate.never) return;
    for (int copy = 0; copy < (fate.twice ? 2 : 1); ++copy)
        pass(late_frames_, {now_ms, frame.stream, frame.payload}, fate.lag_ms, now_ms);
}

void Service::send_event(const std::string& key, const std::string& payload, std::int64_t now_ms) {
    const FrameFate fate = faults_.decide_event();
    if (fate.never) return;
    if (fate.after_next && !held_) {
        held_ = Late{now_ms + held_ms, key, payload};
        return;
    }
    for (int copy = 0; copy < (fate.twice ? 2 : 1); ++copy)
        pass(late_events_, {now_ms, key, payload}, fate.lag_ms, now_ms);
    if (!held_) return;
    pass(late_events_, std::move(*held_), 0, now_ms);
    held_.reset();
}

void Service::flush() {
    Outbox& outbox = venue_.outbox;
    const std::string& key = venue_.listen_key.key();
    if (!key.empty() && hub.wanted(key) && !outbox.user.empty()) {
        const std::int64_t now_ms = now_us() / 1000;
        for (const UserEvent& event : outbox.user)
            send_event(key, user_payload(venue_.rules, event), now_ms);
    }
    outbox.user.clear();
    write_log();
}

void Service::write_log() {
    Outbox& outbox = venue_.outbox;
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
