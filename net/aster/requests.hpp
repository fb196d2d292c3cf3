// Requests as bytes: orders from pre-built parts on the hot path, everything else at leisure.
// Source: exchange-protocol.md §4.1, §4.2, §6; reference-behaviour.md §3.7.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/messages.hpp"
#include "core/settings.hpp"
#include "core/symbols.hpp"
#include "net/aster/authenticator.hpp"
#include "net/aster/endpoints.hpp"
#include "net/aster/strategy.hpp"
#include "net/aster/text.hpp"
#include "net/order_answer.hpp"

namespace tranche::aster {

enum class Method : std::uint8_t { get, post, put, del };

struct Parameter {
    std::string_view name;
    std::string_view value;
};

/// Where requests go and in whose dialect.
struct RequestTarget {
    Venue venue{Venue::aster};
    AuthScheme auth{AuthScheme::v3};
    std::string host_header;  // as net/address.hpp's Endpoint gives it
    std::string prefix;       // of every path; usually empty
};

/// The firewall in front of the exchange turns requests without one away (§1.2).
inline constexpr std::string_view user_agent = "tranche/0.1";

/// ACK answers as soon as the order is in; fills come faster by the user stream than RESULT would
/// bring them (§6.1).
inline constexpr std::string_view response_type = "ACK";

/// Room one order request needs at most.
inline constexpr std::size_t order_request_capacity = 2048;

/// Room that a batch of them, or a strategy, needs at most.
inline constexpr std::size_t batch_request_capacity = 4096;

/// Any request, whole. Cold: allocates. Const functions may be called from any thread.
class Requests {
public:
    /// Keeps a reference to `authenticator`.
    Requests(RequestTarget target, const Authenticator& authenticator)
        : target_{std::move(target)}, authenticator_{authenticator} {}

    /// A request with what the resource demands: nothing, the key's header, or a signature over the
    /// percent-encoded parameters. GET and DELETE carry them in the query, POST and PUT as a form.
    /// Errors (usage): the venue has no such resource; (credentials): it needs a key we do not
    /// have.
    Result<std::string> build(Method method, Resource resource,
                              std::span<const Parameter> parameters, Nanos now) const;

    /// GET of a public resource. Errors (usage): the venue has no such resource.
    Result<std::string> build_public(Resource resource,
                                     std::span<const Parameter> parameters = {}) const {
        return build(Method::get, resource, parameters, Nanos{});
    }

private:
    RequestTarget target_;
    const Authenticator& authenticator_;
};

/// Order commands as requests, without allocation: only price, quantity, client id, time and
/// signature are written anew. It makes no decision but one: what could open or flip a position
/// although its role does not open one is not encoded (invariant I7).
class OrderRequests {
public:
    /// Keeps references to `authenticator` and to `pool`, its signatures prepared ahead (null for
    /// none), of which this is the only user. Prepares the parts of every symbol of `symbols`.
    OrderRequests(const RequestTarget& target, const Authenticator& authenticator,
                  const SymbolTable& symbols, bool hedge_mode, PresignedPool* pool = nullptr);

    /// Writes the whole request for `command` into `out` (at least `order_request_capacity`).
    /// Returns its length; 0 when it cannot or must not be sent: no key, unknown symbol, a type we
    /// never place, an amount that is not positive, or sides that contradict the role.
    /// `nonce`, where given, gets the one that a new order was signed with; 0 under V1.
    std::size_t encode(const Command& command, Nanos now, std::span<char> out,
                       std::uint64_t* nonce = nullptr) const;

    /// Whether a new order may share a request with others: it is one of the matching engine's.
    bool may_batch(const Command& command) const;
    /// One request for new orders, at most `most_in_batch`. As `encode`; 0 if any of them cannot
    /// be. `out` holds at least `batch_request_capacity`.
    std::size_t encode_batch(std::span<const Command> commands, Nanos now, std::span<char> out,
                             std::uint64_t* nonce = nullptr) const;

    /// One request for an entry that takes its exits along. As `encode`; 0 where the exchange has
    /// no strategy orders. `out` holds at least `batch_request_capacity`.
    std::size_t encode_strategy(const Command& entry, Nanos now, std::span<char> out,
                                std::uint64_t* nonce = nullptr) const;

    /// Writes the request that voids the one signed with `nonce`. 0 where the exchange has none.
    std::size_t encode_noop(std::uint64_t nonce, std::span<char> out) const;

    /// Writes a `ping`, which keeps an idle connection warm.
    std::size_t encode_ping(std::span<char> out) const;

private:
    struct SymbolParts {
        std::string name;                  // `symbol=X`
        std::array<std::string, 4> place;  // by side and position side
    };
    /// Where the texts of a strategy's order lie while it is written.
    struct LegTexts {
        ClientOrderIdText id;
        std::array<char, decimal_capacity> quantity;
        std::array<char, decimal_capacity> price;
    };
    StrategyLeg leg_of(const Command& order, LegTexts& texts) const;
    bool may_place(const Command& command) const;
    const std::string& place_part(const Command& command) const;
    void put_parameters(const Command& command, Text& text) const;
    std::size_t encode_place(const Command& command, Nanos now, Text text,
                             std::uint64_t* nonce) const;
    std::size_t encode_named(const Command& command, Nanos now, Text text) const;
    std::size_t encode_replace(const Command& command, Nanos now, Text text) const;
    /// Whether the order is, or would be, one of the service for conditional orders.
    bool apart(const Command& command) const;

    /// A request with parameters in its body, up to them; the length is written afterwards.
    struct Form {
        std::string head;
        std::size_t length_at{};  // where its digits are
        std::size_t digits{};
    };
    /// Where one kind of order goes.
    struct Heads {
        Form place;
        std::string cancel;  // up to the query
        std::string query;
    };
    Form form_for(const RequestTarget& target, Method method, Resource resource,
                  std::size_t digits = 3) const;
    Heads heads_for(const RequestTarget& target, Resource resource) const;
    static void put_length(const Form& form, std::size_t length, Text& text);

    const Authenticator& authenticator_;
    PresignedPool* pool_;
    bool hedge_mode_;
    std::vector<SymbolParts> symbols_;
    Heads orders_;
    Heads conditionals_;  // empty where they go with the others
    Form batch_;
    Form replace_;   // empty where there is none
    Form noop_;      // likewise
    Form strategy_;  // likewise
    bool replace_names_side_;
    std::string query_tail_;  // behind the query
    std::string ping_;
};

}  // namespace tranche::aster
