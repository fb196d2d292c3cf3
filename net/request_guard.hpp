// What may leave this process as an HTTP request. In paper mode nothing signed may, whatever the
// stages above believe they are doing. It must never let pass what it does not understand.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

namespace tranche {

/// Why a request is refused.
enum class RequestFault : std::uint8_t {
    none,
    unfinished,    // no end of the head, or no request at all
    more_follows,  // bytes behind the head: a body, or a second request
    malformed,     // a byte or line no request of ours has
    method,        // not GET
    signed_query,  // the target authenticates somebody
    header,        // a header other than the few a public question needs
};
/// In words, for logs and the page.
const char* name_of(RequestFault fault);

/// What keeps `request` from being exactly one whole public question: a GET without body, without
/// signature, signer, nonce or key in its target (whatever their case and encoding) and with no
/// headers but Host, User-Agent, Accept, Accept-Encoding and Connection. Does not allocate.
RequestFault fault_of(std::string_view request);

/// Stands where request bytes are handed to a connection: an HttpConnection cannot be made without
/// one. Any thread may ask and read; each figure may have several writers.
class RequestGuard {
public:
    /// `simulate_only` (paper mode): only what `fault_of` finds nothing in may pass. Otherwise all.
    explicit RequestGuard(bool simulate_only) : closed_{simulate_only} {}
    RequestGuard(const RequestGuard&) = delete;
    RequestGuard& operator=(const RequestGuard&) = delete;

    /// False, and counted, for a request of which no byte may leave.
    bool passes(std::span<const char> request);

    bool closed() const { return closed_; }
    /// Requests refused since start: anything but 0 is a bug of ours and an alarm.
    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
    RequestFault last_fault() const { return last_.load(std::memory_order_relaxed); }

private:
    const bool closed_;
    std::atomic<std::uint64_t> refused_{};
    std::atomic<RequestFault> last_{};
};

}  // namespace tranche
