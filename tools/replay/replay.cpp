#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <time.h>
#include <unordered_map>

#include "core/settings.hpp"
#include "net/aster/exchange_info.hpp"
#include "net/capture/decoder.hpp"
#include "tools/exit_codes.hpp"
#include "tools/replay/capture_facts.hpp"
#include "tools/replay/engine_replay.hpp"
#include "tools/replay/live_decisions.hpp"
#include "tools/replay/message_log.hpp"
#include "tools/replay/options.hpp"

namespace tranche {
namespace {

/// `max` is 0.
std::optional<double> speed_of(const std::string& text) {
    if (text == "max") return 0;
    if (text == "real") return 1;
    double factor{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), factor);
    const bool number = error == std::errc{} && end == text.data() + text.size();
    if (!number || !(factor > 0) || factor > 1e6) return std::nullopt;
    return factor;
}

/// Lets as much time pass as between the packets, or a part of it.
class Pace {
public:
    explicit Pace(double factor) : factor_{factor} {}
    void wait_for(Nanos time) {
        if (factor_ == 0) return;
        const Nanos now = monotonic_now();
        if (first_ == Nanos{}) {
            first_ = time;
            begun_ = now;
        }
        const auto due =
            static_cast<std::int64_t>(static_cast<double>((time - first_).count) / factor_);
        const std::int64_t left = due - (now - begun_).count;
        if (left <= 0) return;
        const timespec pause{left / 1'000'000'000, left % 1'000'000'000};
        nanosleep(&pause, nullptr);
    }

private:
    double factor_;
    Nanos first_;
    Nanos begun_;
};

/// Rules that let nearly everything through, for a capture that does not say.
SymbolRules assumed_rules(const std::string& name) {
    SymbolRules rules;
    rules.name = name;
    rules.trading = true;
    rules.tick = Price{1};
    rules.step = Quantity{1};
    rules.market_step = Quantity{1};
    rules.max_orders = 200;
    rules.max_conditional_orders = 10;
    return rules;
}

class Replayer final : public capture::ConversationSink {
public:
    Replayer(EngineReplay* engine, LineFile* messages, Pace pace)
        : engine_{engine}, messages_{messages}, pace_{pace} {}

    void on_websocket(const capture::WebSocketNote& note) override {
        const bool text = note.opcode == WebSocketOpcode::text;
        if (!text && note.opcode != WebSocketOpcode::binary) return;
        pace_.wait_for(note.time);
        if (messages_ != nullptr) messages_->write(message_line(note));
        if (engine_ == nullptr || note.from_client || !text) return;
        const auto [at, fresh] = numbers_.try_emplace(note.stream, next_number_);
        if (fresh && ++next_number_ != 0 && ++open_ == 1) engine_->market_stream(true, note.time);
        engine_->frame({note.payload.data(), note.payload.size()}, at->second, note.time);
    }
    void on_http(capture::StreamNumber, const capture::HttpNote&) override {}
    void on_lost(capture::StreamNumber, bool, Nanos) override {}
    void on_closed(capture::StreamNumber stream, Nanos time) override {
        if (numbers_.erase(stream) == 0 || engine_ == nullptr) return;
        if (--open_ == 0) engine_->market_stream(false, time);
    }

private:
    EngineReplay* engine_;
    LineFile* messages_;
    Pace pace_;
    std::unordered_map<capture::StreamNumber, std::uint16_t> numbers_;  // WebSocket streams
    std::uint16_t next_number_{};
    std::size_t open_{};
};

Result<std::string> read_text(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    if (!in) return Error{ErrorKind::not_found, path + ": cannot be read"};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
}

/// The rules of the settings' symbols: the file's, the capture's, or assumed ones.
Result<SymbolTable> symbols_for(const Settings& settings, const std::string& info) {
    std::vector<std::string> names;
    for (const SymbolSettings& symbol : settings.engine.symbols) names.push_back(symbol.name);
    if (!info.empty()) {
        auto read = aster::read_exchange_info(info, names);
        if (!read) return read.error();
        const std::size_t configured = read.value().configured;
        return SymbolTable{std::move(read.value().symbols), configured};
    }
    std::vector<SymbolRules> rules;
    rules.reserve(names.size());
    for (const std::string& name : names) rules.push_back(assumed_rules(name));
    const std::size_t configured = rules.size();
    return SymbolTable{std::move(rules), configured};
}

/// Everything of one replay, in the order in which it is made.
class Session {
public:
    explicit Session(const ReplayOptions& options) : options_{options} {}
    Result<Done> prepare();
    Result<Done> run();
    bool damaged() const { return decoder_->counts().files_broken > 0; }
    bool differs() const { return !live_digest_.empty() && engine_->live_differences() > 0; }
    void print() const;

private:
    Result<Done> prepare_engine();
    std::string json() const;
    std::string events_json() const;
    std::string closed_json() const;
    void print_text() const;

    const ReplayOptions& options_;
    capture::KeyLog keys_;
    std::unique_ptr<LineFile> messages_;
    std::unique_ptr<LineFile> decisions_;
    std::string live_digest_;  // of the run that is compared with; empty: none is
    std::string rules_{"none"};
    std::unique_ptr<EngineReplay> engine_;
    std::optional<Replayer> replayer_;
    std::optional<capture::Decoder> decoder_;
};

Result<Done> Session::prepare() {
    const auto speed = speed_of(options_.speed);
    if (!speed)
        return Error{ErrorKind::usage,
                     "--speed " + options_.speed + ": expected max, real or a factor such as 10"};
    if (!options_.keylog.empty())
        if (auto done = keys_.add_file(options_.keylog); !done) return done.error();
    if (!options_.messages.empty()) {
        auto file = LineFile::create(options_.messages);
        if (!file) return file.error();
        messages_ = std::move(file).value();
    }
    if (options_.settings.empty() && !(options_.decisions.empty() && options_.compare.empty()))
        return Error{ErrorKind::usage,
                     "--decisions and --compare need --settings: what would decide?"};
    if (!options_.decisions.empty()) {
        auto file = LineFile::create(options_.decisions);
        if (!file) return file.error();
        decisions_ = std::move(file).value();
    }
    if (!options_.settings.empty())
        if (auto done = prepare_engine(); !done) return done.error();
    replayer_.emplace(engine_.get(), messages_.get(), Pace{*speed});
    decoder_.emplace(keys_, *replayer_);
    return Done{};
}

Result<Done> Session::prepare_engine() {
    if (std::ranges::find(options_.captures, "-") != options_.captures.end())
        return Error{ErrorKind::usage,
                     "with --settings a capture is read twice, which a pipe cannot be"};
    auto settings = load_settings_file(options_.settings);
    if (!settings) return settings.error();
    auto facts = look_through(options_.captures, keys_);
    if (!facts) return facts.error();
    std::string info = facts.value().exchange_info;
    rules_ = info.empty() ? "assumed" : "capture";
    if (!options_.exchange_info.empty()) {
        auto text = read_text(options_.exchange_info);
        if (!text) return text.error();
        info = std::move(text).value();
        rules_ = "file";
    }
    auto symbols = symbols_for(settings.value(), info);
    if (!symbols) return symbols.error();
    engine_ = std::make_unique<EngineReplay>(settings.value(), std::move(symbols).value(),
                                             facts.value().begin, [this](std::string_view line) {
                                                 if (decisions_) decisions_->write(line);
                                             });
    if (options_.compare.empty()) return Done{};
    auto live = read_live_decisions(options_.compare, facts.value().begin);
    if (!live) return live.error();
    Digest digest;
    for (const std::string& decision : live.value()) digest.add(decision);
    live_digest_ = digest.hex();
    engine_->compare_with(std::move(live).value());
    return Done{};
}

Result<Done> Session::run() {
    for (const std::string& path : options_.captures)
        if (auto done = decoder_->read(path); !done) return done.error();
    decoder_->finish();
    if (messages_)
        if (auto done = messages_->close(); !done) return done.error();
    if (decisions_)
        if (auto done = decisions_->close(); !done) return done.error();
    return Done{};
}

std::string Session::events_json() const {
    std::string text{"{"};
    for (std::size_t kind = 0; kind < event_kinds; ++kind) {
        const std::uint64_t count = engine_ ? engine_->events(static_cast<EventKind>(kind)) : 0;
        if (count == 0) continue;
        if (text.size() > 1) text += ',';
        text += fmt::format(R"("{}":{})", name_of(static_cast<EventKind>(kind)), count);
    }
    return text + '}';
}

std::string Session::closed_json() const {
    std::string text{"["};
    for (const capture::ClosedSession& session : decoder_->closed_sessions()) {
        if (text.size() > 1) text += ',';
        text += fmt::format(
            R"({{"stream":{},"ends":["{}","{}"],"version":"{:#06x}","suite":"{:#06x}",)"
            R"("why":"{}"}})",
            session.stream, capture::to_text(session.ends.host[0], session.ends.port[0]),
            capture::to_text(session.ends.host[1], session.ends.port[1]), session.version,
            session.suite, capture::name_of(session.trouble));
    }
    return text + ']';
}

std::string Session::json() const {
    const capture::DecoderCounts& counts = decoder_->counts();
    const capture::FlowCounts& flows = decoder_->flow_counts();
    std::string text = fmt::format(
        R"({{"packets":{},"bytes":{},"packets_cut":{},"packets_missed":{},"tcp_packets":{},)"
        R"("tcp_streams":{},"tcp_retransmissions":{},"tcp_out_of_order":{},"stream_bytes":{},)"
        R"("tls_sessions":{},"tls_sessions_decrypted":{},"tls_records":{},"tls_records_closed":{},)",
        counts.packets, counts.bytes, counts.cut, counts.missed, counts.tcp_packets, flows.streams,
        flows.retransmissions, flows.out_of_order, flows.stream_bytes, counts.tls_sessions,
        counts.tls_decrypted, counts.tls_records, counts.tls_records_closed);
    text += fmt::format(R"("websocket_messages":{},"websocket_controls":{},"http_requests":{},)"
                        R"("http_answers":{},"lost_messages":{},"gaps":{},"gap_bytes":{},)"
                        R"("malformed":{},"files_damaged":{},"tls_closed":{},)",
                        counts.websocket_messages, counts.websocket_controls, counts.http_requests,
                        counts.http_answers, counts.lost_messages, flows.gaps + counts.missed,
                        flows.gap_bytes, counts.malformed, counts.files_broken, closed_json());
    text += fmt::format(R"("events":{},"frames_malformed":{},"decisions":{},"orders":{},)"
                        R"("symbol_rules":"{}","seconds_skipped":{},"digest":"{}")",
                        events_json(), engine_ ? engine_->malformed() : 0,
                        engine_ ? engine_->decisions() : 0, engine_ ? engine_->orders() : 0, rules_,
                        engine_ ? engine_->skipped_seconds() : 0,
                        engine_ ? engine_->digest() : Digest{}.hex());
    if (!live_digest_.empty())
        text += fmt::format(R"(,"live_decisions":{},"live_differences":{},"live_digest":"{}")",
                            engine_->live_decisions(), engine_->live_differences(), live_digest_);
    return text + '}';
}

void Session::print_text() const {
    const capture::DecoderCounts& counts = decoder_->counts();
    const capture::FlowCounts& flows = decoder_->flow_counts();
    fmt::print(
        "{} packets, {} bytes; {} TCP streams, {} gaps; {} TLS sessions, {} of them opened\n",
        counts.packets, counts.bytes, flows.streams, flows.gaps + counts.missed,
        counts.tls_sessions, counts.tls_decrypted);
    fmt::print("{} WebSocket messages, {} HTTP requests, {} pieces lost, {} malformed\n",
               counts.websocket_messages, counts.http_requests, counts.lost_messages,
               counts.malformed);
    for (const capture::ClosedSession& session : decoder_->closed_sessions())
        fmt::print("not opened: stream {} {} – {}: {}\n", session.stream,
                   capture::to_text(session.ends.host[0], session.ends.port[0]),
                   capture::to_text(session.ends.host[1], session.ends.port[1]),
                   capture::name_of(session.trouble));
    if (!engine_) return;
    fmt::print("events {}\n{} decisions, {} orders, digest {}\n", events_json(),
               engine_->decisions(), engine_->orders(), engine_->digest());
    if (!live_digest_.empty())
        fmt::print("the live run: {} decisions, {} differ, digest {}\n", engine_->live_decisions(),
                   engine_->live_differences(), live_digest_);
}

void Session::print() const {
    if (options_.json)
        fmt::print("{}\n", json());
    else
        print_text();
    for (const std::string& trouble : decoder_->troubles()) fmt::print(stderr, "{}\n", trouble);
}

}  // namespace

int replay(const ReplayOptions& options) {
    Session session{options};
    if (auto ready = session.prepare(); !ready) return report(ready.error());
    if (auto done = session.run(); !done) return report(done.error());
    session.print();
    if (session.damaged()) return static_cast<int>(Exit::bad_data);
    return static_cast<int>(session.differs() ? Exit::no : Exit::ok);
}

void add_replay_verb(CLI::App& app, ReplayOptions& options, int& code) {
    CLI::App* verb = app.add_subcommand(
        "replay", "a packet capture through the same parse and engine stages; nothing is sent");
    verb->add_option("CAPTURE", options.captures,
                     "pcap or pcapng files, plain, .gz or .zst, in the order of time; - is a pipe")
        ->required();
    verb->add_option("--keylog", options.keylog,
                     "TLS secrets (SSLKEYLOGFILE); those inside a pcapng need no option");
    verb->add_option("--settings", options.settings,
                     "settings of the engine that decides; without, only messages are read");
    verb->add_option("--exchange-info", options.exchange_info,
                     "body of exchangeInfo for the symbols' rules, when the capture holds none");
    verb->add_option("--messages", options.messages, "writes each WebSocket message, a line each");
    verb->add_option("--decisions", options.decisions,
                     "writes each decision and order, a line each");
    verb->add_option("--compare", options.compare,
                     "database of the live run; exit code 1 when its decisions differ");
    verb->add_option("--speed", options.speed, "max, real or a factor")->capture_default_str();
    verb->add_flag("--json", options.json, "one JSON object on stdout");
    verb->footer(
        "Example:\n  tranche replay day.pcapng --keylog keys.log --settings settings.json "
        "--decisions decisions.jsonl");
    verb->callback([&options, &code] { code = replay(options); });
}

}  // namespace tranche
