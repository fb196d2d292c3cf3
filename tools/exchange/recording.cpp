#include "tools/exchange/recording.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tranche::exchange {
namespace {

using Json = nlohmann::json;

/// Longest pauses that are kept: a recording with a hole of hours should still go on, and lines
/// without receive times are often samples that lie years apart.
constexpr std::int64_t gap_max_us = 60'000'000;
constexpr std::int64_t sample_gap_max_us = 2'000'000;

std::int64_t member_ms(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

/// Event time of a frame in microseconds, 0 if it has none.
std::int64_t event_time_us(const Json& frame) {
    const auto data = frame.find("data");
    const Json& event = data != frame.end() && data->is_object() ? *data : frame;
    const std::int64_t ms = std::max(member_ms(event, "E"), std::int64_t{0});
    return (ms != 0 ? ms : member_ms(event, "T")) * 1000;
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    return text;
}

void note_symbols(const Json& frame, std::set<std::string>& symbols) {
    const auto note = [&symbols](const Json& object, const char* name) {
        const auto found = object.find(name);
        if (found != object.end() && found->is_string() && !found->get<std::string>().empty())
            symbols.insert(found->get<std::string>());
    };
    const auto stream = frame.find("stream");
    if (stream != frame.end() && stream->is_string()) {
        const std::string name = stream->get<std::string>();
        const std::size_t at = name.find('@');
        if (at != std::string::npos && at > 0 && name.front() != '!')
            symbols.insert(upper(name.substr(0, at)));
    }
    const auto data = frame.find("data");
    const Json& event = data != frame.end() ? *data : frame;
    if (event.is_array())
        for (const Json& entry : event)
            if (entry.is_object()) note(entry, "s");
    if (!event.is_object()) return;
    note(event, "s");
    const auto order = event.find("o");
    if (order != event.end() && order->is_object()) note(*order, "s");
}

/// Seconds with a fraction, before ": "; nothing if the line does not begin like that.
std::optional<std::int64_t> receive_time_us(std::string_view line, std::size_t colon) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + colon, seconds);
    if (error != std::errc{} || end != line.data() + colon || !(seconds >= 0 && seconds < 1e11))
        return std::nullopt;
    return static_cast<std::int64_t>(seconds * 1e6);
}

/// State while lines are read.
struct Reader {
    Recording& into;
    std::int64_t last_us{};

    void add(std::string_view text, const Json& frame, std::int64_t time_us,
             std::int64_t longest_us) {
        const bool timed = time_us > 0 && last_us > 0;
        const std::int64_t gap =
            timed ? std::clamp(time_us - last_us, std::int64_t{0}, longest_us) : 0;
        if (time_us > 0) last_us = time_us;
        note_symbols(frame, into.symbols);
        into.frames.push_back({.gap_us = gap, .text = std::string{text}});
    }

    /// False if the line is no frame.
    bool read(std::string_view line) {
        const bool bare = line.front() == '{' || line.front() == '[';
        std::string_view text = line;
        std::optional<std::int64_t> received;
        if (!bare) {
            const std::size_t colon = line.find(": ");
            if (colon == std::string_view::npos) return false;
            received = receive_time_us(line, colon);
            if (!received) return false;
            text = line.substr(colon + 2);
        }
        const Json frame = Json::parse(text, nullptr, false);
        if (!frame.is_object() && !frame.is_array()) return false;
        add(text, frame, received ? *received : event_time_us(frame),
            received ? gap_max_us : sample_gap_max_us);
        return true;
    }
};

}  // namespace

bool append_recording(std::string_view text, Recording& into, std::string& error) {
    Reader reader{.into = into};
    const std::size_t before = into.frames.size();
    for (int number = 1; !text.empty(); ++number) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.empty() || line.find("://") < 6) continue;
        if (!reader.read(line)) {
            error = fmt::format(
                "line {} is not a recorded frame (expected `seconds: {{json}}` or "
                "one JSON object): {}",
                number, line.substr(0, 80));
            return false;
        }
    }
    if (into.frames.size() > before) return true;
    error = "holds no frame";
    return false;
}

std::string recorded_reply(std::string_view text) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        const std::size_t arrow = line.find(" -> ");
        const std::size_t colon = arrow == std::string_view::npos ? arrow : line.find(": ", arrow);
        if (line.find("://") < 6 && colon != std::string_view::npos)
            return std::string{line.substr(colon + 2)};
        if (!line.empty() && line.find_first_not_of(" \t\r") != std::string_view::npos) break;
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return std::string{text};
}

}  // namespace tranche::exchange
