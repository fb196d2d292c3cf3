// Which path answers what. No sockets here.
#pragma once

#include <cstdint>

#include "net/status/answers.hpp"

namespace tranche {

/// All of the API but the event stream. One thread.
class Routes {
public:
    static constexpr std::string_view stream_path = "/api/stream";

    Routes(const StatusSources& sources, const BoardView& view, const Recent& recent)
        : sources_{sources}, view_{view}, recent_{recent} {}

    /// Answers GET (HEAD is the server's business) and POST. Unknown paths give 404, known ones
    /// with another method 405. Only POST may have an effect.
    Answer answer(const Request& request, Nanos now);

private:
    Answer get(const Request& request, const AnswerContext& context);
    Answer post(const Request& request, const AnswerContext& context);

    const StatusSources& sources_;
    const BoardView& view_;
    const Recent& recent_;
    std::uint64_t commands_{};
};

}  // namespace tranche
