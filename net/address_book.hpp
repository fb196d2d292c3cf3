// Which addresses a peer has, while connections that live for days use them.
//
// Names are looked up again and again on a cold thread; connections read the list when they
// connect. An address that once was good stays usable for a day: a name server that fails must not
// take the exchange away. Whoever answers there has to show the right certificate all the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/snapshot.hpp"
#include "net/address.hpp"

namespace tranche {

/// The addresses of one host. One writer, many readers.
class AddressBook {
public:
    static constexpr std::size_t capacity = 8;
    static constexpr Nanos good_for = seconds(24 * 3600);

    /// `addresses`: at least one, as found at start.
    AddressBook(const std::vector<SocketAddress>& addresses, Nanos now);

    /// Writer: a lookup named these, in the order of preference. Those it no longer names stay
    /// behind them until they are a day old.
    void found(const std::vector<SocketAddress>& addresses, Nanos now);
    /// Writer: a lookup failed. Forgets what is a day old, but never the last address.
    void failed(Nanos now);

    /// Any thread: the address for the `turn`-th try: each in turn of those the last good lookup
    /// named, and after as many `failures` in a row of all that are known.
    SocketAddress pick(std::size_t turn, std::size_t failures) const;
    std::size_t size() const { return list_.read().count; }

private:
    struct List {
        std::array<SocketAddress, capacity> addresses;
        std::uint64_t count{};
        std::uint64_t named{};  // the first of them, by the last good lookup
    };
    struct Known {
        SocketAddress address;
        Nanos named;  // by a lookup, last
    };
    void forget_old(Nanos now);
    void publish();

    std::vector<Known> known_;  // the writer's
    std::size_t named_{};       // the first of them, by the last good lookup
    Snapshot<List> list_;
};

/// A lookup that runs beside the thread that wants it.
class NameLookup {
public:
    virtual ~NameLookup() = default;
    /// Starts one; none may be under way.
    virtual void start(const std::string& host, std::uint16_t port) = 0;
    /// Its outcome, once; none while it runs. Errors: as `resolve`.
    virtual std::optional<Result<std::vector<SocketAddress>>> outcome() = 0;
};

/// The system's resolver, on the C library's own helper thread: asking never blocks.
std::unique_ptr<NameLookup> make_system_lookup();

/// Keeps a book up to date. Cold: poll it from the thread that starts and supervises.
class NameWatch {
public:
    /// `book` outlives the watch. Asks each `interval`; hosts that are addresses are never asked
    /// for.
    NameWatch(AddressBook& book, std::string host, std::uint16_t port,
              std::unique_ptr<NameLookup> lookup, Nanos interval, Nanos now);

    /// Starts a lookup when one is due, takes its outcome when it is there.
    void poll(Nanos now);

    std::uint64_t failures() const { return failures_; }
    /// What the last lookup said against the name; empty after one that found it.
    const std::string& trouble() const { return trouble_; }

private:
    AddressBook& book_;
    std::string host_;
    std::uint16_t port_;
    std::unique_ptr<NameLookup> lookup_;
    bool running_{};
    bool fixed_;
    Nanos interval_;
    Nanos next_;
    std::uint64_t failures_{};
    std::string trouble_;
};

}  // namespace tranche
