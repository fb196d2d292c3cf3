// Every open connection, for those who want to harm it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

namespace tranche::exchange {

enum class LineKind : std::uint8_t { rest, market, user };
/// What can be done to a connection from outside.
enum class Harm : std::uint8_t {
    cut,        // FIN without a goodbye of TLS or WebSocket
    reset,      // RST
    half_open,  // stays open; nothing is read or written any more
    close       // a WebSocket's closing handshake; like `cut` for the others
};
std::optional<LineKind> line_kind(std::string_view word);
std::optional<Harm> harm(std::string_view word);

class Line {
public:
    Line() = default;
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    virtual ~Line() = default;

    [[nodiscard]] virtual LineKind line_kind() const = 0;
    virtual void suffer(Harm harm) = 0;
};

/// Does not own the lines: each joins when open and leaves before it ends.
class Lines {
public:
    void join(Line& line) { lines_.insert(&line); }
    void leave(Line& line) { lines_.erase(&line); }
    /// Harms all lines of a kind, or all; at most so many. Returns how many.
    std::size_t harm(Harm what, std::optional<LineKind> kind, std::size_t most);
    [[nodiscard]] std::size_t count(LineKind kind) const;

    /// Keeps something that nobody serves any more, so that its socket stays open; the oldest goes
    /// when there are too many.
    void park(std::shared_ptr<void> what);

private:
    static constexpr std::size_t parked_max = 1000;

    std::set<Line*> lines_;
    std::deque<std::shared_ptr<void>> parked_;
};

}  // namespace tranche::exchange
