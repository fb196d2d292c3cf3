#include "tools/replay/capture_facts.hpp"

#include <unordered_map>

#include "net/capture/decoder.hpp"

namespace tranche {
namespace {

class FactsSink final : public capture::ConversationSink {
public:
    explicit FactsSink(CaptureFacts& facts) : facts_{facts} {}

    void on_websocket(const capture::WebSocketNote&) override {}
    void on_lost(capture::StreamNumber, bool, Nanos) override {}
    void on_http(capture::StreamNumber stream, const capture::HttpNote& note) override {
        if (note.request) {
            asked_[stream] = path_of(note.target).ends_with("/exchangeInfo");
            const auto id = parameter(note.target, note.body, "newClientOrderId");
            if (!facts_.own && !id.empty()) facts_.own = decode_client_order_id(id);
        } else if (asked_[stream] && note.status == 200 && note.whole &&
                   facts_.exchange_info.empty()) {
            facts_.exchange_info = note.body;
        }
    }
    void on_closed(capture::StreamNumber stream, Nanos) override { asked_.erase(stream); }

    bool has_all() const { return facts_.own && !facts_.exchange_info.empty(); }

private:
    CaptureFacts& facts_;
    std::unordered_map<capture::StreamNumber, bool> asked_;
};

}  // namespace

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

std::string_view parameter(std::string_view target, std::string_view body, std::string_view name) {
    const std::size_t mark = target.find('?');
    const std::string_view query =
        mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    for (std::string_view left : {query, body}) {
        while (!left.empty()) {
            const std::string_view pair = left.substr(0, left.find('&'));
            left.remove_prefix(std::min(left.size(), pair.size() + 1));
            if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
                return pair.substr(name.size() + 1);
        }
    }
    return {};
}

Result<CaptureFacts> look_through(const std::vector<std::string>& captures, capture::KeyLog& keys) {
    CaptureFacts facts;
    FactsSink sink{facts};
    capture::Decoder decoder{keys, sink};
    for (const std::string& path : captures) {
        auto reader = capture::CaptureReader::open(path);
        if (!reader) return reader.error();
        capture::Packet packet;
        for (bool more = true; more && !sink.has_all();) {
            const capture::ReadVerdict verdict = reader.value().next(packet);
            more = verdict != capture::ReadVerdict::end && verdict != capture::ReadVerdict::broken;
            if (verdict == capture::ReadVerdict::secrets) keys.add(reader.value().secrets());
            if (verdict != capture::ReadVerdict::packet) continue;
            if (facts.begin == Nanos{}) facts.begin = packet.time;
            decoder.add(packet);
        }
    }
    decoder.finish();
    return facts;
}

}  // namespace tranche
