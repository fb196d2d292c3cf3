// Misbehaviour by rule: which calls, events, frames and connections go wrong, and how.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/exchange/random.hpp"

namespace tranche::exchange {

enum class Fault : std::uint8_t {
    // calls
    http503,        // executed, answered 503
    cut,            // executed, closed after BYTE bytes of the answer
    cut_request,    // closed after BYTE bytes of the request; executed only if that is all of it
    hang,           // executed, never answered
    hang_request,   // never executed, never answered
    delay,          // the answer leaves late
    delay_request,  // executed late, answered at once then
    drip,           // the answer leaves a byte at a time
    status,         // not executed, answered with an HTTP status
    reject,         // not executed, refused with a code
    executed,       // executed, and yet refused with a code
    schema,         // executed, answered in another shape
    last_answer,    // keep-alive ends with the answer
    event_first,    // user events leave before the answer that they belong to
    // user events
    dup_events,   // sent twice
    drop_events,  // never sent
    swap_events,  // sent after the next one
    lag_events,   // sent late
    // market frames
    dup_frames,
    drop_frames,
    lag_frames,
    // connections that come
    refuse,       // closed at once
    blackhole,    // accepted, nothing more
    certificate,  // another one than the client trusts
    // the exchange
    clock  // its clock is off
};
inline constexpr std::size_t fault_count = 25;

/// What a request asks for, as far as faults care.
enum class RequestKind : std::uint8_t {
    open,   // nobody signs it
    query,  // signed, changes nothing
    trade   // changes orders
};

/// A call, as rules look at it.
struct CallFacts {
    std::string_view method;  // "POST"
    std::string_view name;    // "order", of /fapi/v3/order
    RequestKind kind{};
    std::string_view parameters;  // query and body, as sent
};

/// The shapes of Fault::schema.
enum class Shape : std::uint8_t { as_it_is, missing, retyped, extra, huge, html, torn, empty };
/// The certificates of Fault::certificate.
enum class Flaw : std::uint8_t { none, expired, wrong_host, unknown_issuer };

/// One entry of the list: NAME[:ARGUMENT][@WHERE[~TEXT]][*TIMES][=PROBABILITY].
struct FaultRule {
    Fault fault{};
    std::optional<std::int64_t> number;  // of ARGUMENT, for shapes and flaws their enumerator
    std::string where;                   // any, open, query, trade, or "POST order"
    std::string text;                    // only calls whose parameters contain it
    std::optional<std::int64_t> left;    // times it may still happen; nothing: for ever
    double probability{1};
    std::int64_t happened{};
};
using FaultRules = std::vector<FaultRule>;

/// Reads "none", "all" (the five that a client meets every day, at 0.05), or a comma list of
/// entries. On failure: nothing, and what is wrong with the list.
std::optional<FaultRules> parse_faults(std::string_view list, std::string& error);
/// The grammar and every fault in a line each, for --help.
std::string faults_help();
std::string_view name(Fault fault);

/// What happens to one request. Several things may.
struct RequestFate {
    bool answer_503{};
    bool events_first{};
    bool hang{};           // no answer
    bool never_arrives{};  // neither executed nor answered
    bool last_answer{};
    std::optional<std::size_t> cut_request{}, cut_response{};  // bytes that still pass
    std::int64_t delay_ms{}, delay_request_ms{}, drip_ms{};
    unsigned status{};  // instead of executing
    int reject_code{};  // instead of executing
    int executed_code{};
    Shape shape{};
};

/// What happens to one user event or market frame.
struct FrameFate {
    bool twice{}, never{}, after_next{};
    std::int64_t lag_ms{};
};

/// What happens to a connection that comes.
struct ConnectionFate {
    bool refuse{}, blackhole{};
    Flaw flaw{};
};

/// Decides what goes wrong. Pure: the same rules, seed and questions give the same fates; carrying
/// them out is the caller's business.
class FaultPlan {
public:
    FaultPlan(FaultRules rules, std::uint64_t seed) : rules_{std::move(rules)}, random_{seed} {}

    /// Other rules from now on.
    void replace(FaultRules rules) { rules_ = std::move(rules); }

    RequestFate decide(const CallFacts& call);
    FrameFate decide_event();
    FrameFate decide_frame();
    ConnectionFate decide_connection();
    /// How far the exchange's clock is ahead.
    [[nodiscard]] std::int64_t clock_ms() const;
    [[nodiscard]] const FaultRules& rules() const { return rules_; }

private:
    static void apply(const FaultRule& rule, RequestFate& fate, Random& random);
    bool happens(FaultRule& rule);

    FaultRules rules_;
    Random random_;
};

}  // namespace tranche::exchange
