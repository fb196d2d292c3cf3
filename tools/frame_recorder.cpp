#include "tools/frame_recorder.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <iterator>
#include <unistd.h>

namespace tranche {
namespace {

using capture::Party;
using namespace std::string_view_literals;

constexpr std::size_t batch = 4096;
constexpr std::string_view secret_path = "/ws/listen-key-struck-out";

/// The far end is always the same; the near ports tell the connections apart.
capture::StreamEnds ends_of(std::size_t number) {
    capture::StreamEnds ends;
    for (std::size_t i = 0; i < 2; ++i)
        ends.host[i] = {0, 0, 0,    0,    0,   0, 0, 0,
                        0, 0, 0xFF, 0xFF, 192, 0, 2, static_cast<std::uint8_t>(i + 1)};  // RFC 5737
    ends.port = {static_cast<std::uint16_t>(40'000 + number % 20'000), 80};
    return ends;
}

std::string upgrade(std::string_view target) {
    return fmt::format(
        "GET {} HTTP/1.1\r\nHost: exchange\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        target);
}

constexpr std::string_view upgraded =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n";

void append_filters(std::string& text, const SymbolRules& rules) {
    fmt::format_to(
        std::back_inserter(text),
        R"([{{"filterType":"PRICE_FILTER","tickSize":"{}","minPrice":"{}","maxPrice":"{}"}},)"
        R"({{"filterType":"LOT_SIZE","stepSize":"{}","minQty":"{}","maxQty":"{}"}},)"
        R"({{"filterType":"MARKET_LOT_SIZE","stepSize":"{}","minQty":"{}","maxQty":"{}"}},)"
        R"({{"filterType":"MAX_NUM_ORDERS","limit":{}}},{{"filterType":"MAX_NUM_ALGO_ORDERS",)"
        R"("limit":{}}},{{"filterType":"MIN_NOTIONAL","notional":"{}"}},{{"filterType":)"
        R"("PERCENT_PRICE","multiplierUp":"{}","multiplierDown":"{}"}}])",
        to_text(rules.tick), to_text(rules.min_price), to_text(rules.max_price),
        to_text(rules.step), to_text(rules.min_quantity), to_text(rules.max_quantity),
        to_text(rules.market_step), to_text(rules.market_min_quantity),
        to_text(rules.market_max_quantity), rules.max_orders, rules.max_conditional_orders,
        to_text(rules.min_notional), to_text(rules.multiplier_up), to_text(rules.multiplier_down));
}

}  // namespace

std::string without_listen_keys(std::string_view text) {
    constexpr std::string_view member = "\"listenKey\"";
    std::string clean{text};
    for (std::size_t at = clean.find(member); at != std::string::npos;
         at = clean.find(member, at + member.size())) {
        std::size_t begin = clean.find('"', at + member.size());
        if (begin == std::string::npos) break;
        for (++begin; begin < clean.size() && clean[begin] != '"'; ++begin) clean[begin] = 'x';
    }
    return clean;
}

std::string exchange_info_of(const SymbolTable& symbols) {
    std::string text{R"({"symbols":[)"};
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        const SymbolRules& rules = symbols.rules(SymbolId{static_cast<std::uint16_t>(i)});
        if (i > 0) text += ',';
        text += fmt::format(R"({{"symbol":"{}","status":"{}","filters":)", rules.name,
                            rules.trading ? "TRADING" : "BREAK");
        append_filters(text, rules);
        text += '}';
    }
    return text + "]}";
}

Result<std::unique_ptr<FrameRecorder>> FrameRecorder::create(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return Error{ErrorKind::cannot_write,
                     path + ": the record cannot be made: " + std::strerror(errno)};
    return std::unique_ptr<FrameRecorder>{new FrameRecorder{fdopen(file, "w"), path}};
}

FrameRecorder::FrameRecorder(std::FILE* file, std::string path)
    : file_{file}, path_{std::move(path)} {}

FrameRecorder::~FrameRecorder() {
    if (file_ != nullptr) std::fclose(file_);
}

void FrameRecorder::begin(const SymbolTable& symbols, std::vector<RecordedStream> streams,
                          Nanos now) {
    streams_ = std::move(streams);
    scripts_.resize(streams_.size());
    newest_ = now;
    record_rules(symbols, now);
    flush();
}

void FrameRecorder::record_rules(const SymbolTable& symbols, Nanos now) {
    capture::TcpScript script{writer_, ends_of(streams_.size())};
    const std::string body = exchange_info_of(symbols);
    script.open(now);
    script.data(Party::first, "GET /fapi/v1/exchangeInfo HTTP/1.1\r\nHost: exchange\r\n\r\n"sv,
                now);
    const std::string head =
        fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.size());
    script.data(Party::second, head + body, now);
    script.close(now);
}

std::size_t FrameRecorder::poll(std::uint64_t missed) {
    std::size_t done = 0;
    Frame frame;
    for (; done < batch && frames_.front(frame); ++done) {
        record(frame);
        frames_.pop();
    }
    if (missed > missed_) writer_.gap(missed - std::exchange(missed_, missed));
    written_ += done;
    flush();
    return done;
}

void FrameRecorder::record(const Frame& frame) {
    const std::size_t number = frame.head.connection;
    if (number >= streams_.size()) return;
    const RecordedStream& stream = streams_[number];
    newest_ = std::max(newest_, frame.head.arrival_time);
    if (!scripts_[number]) {
        scripts_[number] = std::make_unique<capture::TcpScript>(writer_, ends_of(number));
        scripts_[number]->open(newest_);
        const std::string asked = upgrade(stream.user ? secret_path : stream.target);
        scripts_[number]->data(Party::first, asked, newest_);
        scripts_[number]->data(Party::second, upgraded, newest_);
    }
    const std::string text =
        stream.user ? without_listen_keys({frame.bytes.data(), frame.bytes.size()}) : std::string{};
    const capture::Bytes payload = stream.user ? capture::Bytes{text} : frame.bytes;
    scripts_[number]->data(Party::second,
                           capture::websocket_frame(WebSocketOpcode::text, payload, false),
                           frame.head.arrival_time);
}

void FrameRecorder::flush() {
    failed_ = failed_ || std::fwrite(buffer_.data(), 1, buffer_.size(), file_) != buffer_.size();
    buffer_.clear();
}

Result<Done> FrameRecorder::close(std::uint64_t missed) {
    while (poll(missed) > 0) {
    }
    for (const auto& script : scripts_)
        if (script) script->close(newest_);
    flush();
    std::FILE* const file = std::exchange(file_, nullptr);
    if (std::fclose(file) != 0 || failed_)
        return Error{ErrorKind::cannot_write, path_ + ": the record could not be written whole"};
    return Done{};
}

}  // namespace tranche
