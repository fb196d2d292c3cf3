#include "core/settings_process.hpp"

#include <algorithm>
#include <array>

#include "core/settings_address.hpp"

namespace tranche {
namespace {

void read_url(SettingsSection& section, std::string_view key, std::string& url,
              std::string_view secure, std::string_view plain) {
    std::string written;
    section.read(key, written);
    if (written.empty()) return;
    while (written.ends_with('/') && !written.ends_with("://")) written.pop_back();
    const auto problem = problem_of_url(written, secure, plain);
    if (problem) return section.refuse(key, '"' + written + "\" " + *problem);
    url = written;
}

/// Name servers are asked for names: they have addresses themselves.
void read_name_servers(SettingsSection& section, std::vector<std::string>& servers) {
    constexpr std::string_view key = "dns_servers";
    constexpr std::string_view wanted = "expected ADDRESS:PORT, for example \"192.0.2.53:53\"";
    constexpr std::size_t most = 4;
    const JsonValue* list = section.find(key);
    if (list == nullptr) return;
    if (list->kind != JsonKind::list || list->items.size() > most)
        return section.refuse(key, describe(*list) + ", expected a list of up to 4 name servers");
    for (const JsonValue& item : list->items) {
        const auto place =
            item.kind == JsonKind::text ? parse_listen_address(item.text) : std::nullopt;
        if (!place || place->port == 0)
            section.refuse(key, describe(item) + " is not usable, " + std::string{wanted});
        else
            servers.push_back(item.text);
    }
}

constexpr std::array<std::string_view, 6> stage_names = {"receive", "parse",  "engine",
                                                         "gateway", "writer", "status"};
using StageCounts = std::array<int, stage_names.size()>;

void read_stages(SettingsSection& section, ThreadSettings& thread, StageCounts& counts) {
    const JsonValue* list = section.find("stages");
    if (list == nullptr || list->kind != JsonKind::list || list->items.empty())
        return section.refuse("stages", (list == nullptr ? "missing" : describe(*list)) +
                                            std::string{", expected a list of stages"});
    for (const JsonValue& item : list->items) {
        const auto found = item.kind == JsonKind::text
                               ? std::find(stage_names.begin(), stage_names.end(), item.text)
                               : stage_names.end();
        if (found == stage_names.end()) {
            section.refuse("stages", describe(item) +
                                         " is not one of receive, parse, engine, "
                                         "gateway, writer, status");
            continue;
        }
        const auto which = static_cast<std::size_t>(found - stage_names.begin());
        if (++counts[which] == 2)
            section.refuse("stages", "stage " + item.text + " already runs, expected once");
        thread.stages.push_back(static_cast<Stage>(which));
    }
}

ThreadSettings read_thread(const JsonValue& value, const std::string& path, Findings& findings,
                           StageCounts& counts) {
    SettingsSection section{&value, path, findings};
    ThreadSettings thread;
    section.read("name", thread.name);
    constexpr std::size_t longest_name = 15;  // of a thread, in Linux
    if (thread.name.empty() && !section.has("name"))
        section.refuse("name", "missing, expected a text of up to 15 bytes");
    if (thread.name.size() > longest_name)
        section.refuse("name", '"' + thread.name + "\" is too long, expected up to 15 bytes");
    section.read("core", thread.core, 0, 1023);
    section.choice<ThreadPolicy>("policy", thread.policy,
                                 {{"other", ThreadPolicy::other}, {"fifo", ThreadPolicy::fifo}});
    const bool fifo = thread.policy == ThreadPolicy::fifo;
    section.read("priority", thread.priority, fifo ? 1 : 0, fifo ? 99 : 0);
    if (fifo && !section.has("priority"))
        section.refuse("priority", "missing, expected 1..99 with policy fifo");
    section.choice<Wait>("wait", thread.wait,
                         {{"spin", Wait::spin}, {"yield", Wait::yield}, {"park", Wait::park}});
    read_stages(section, thread, counts);
    section.finish();
    return thread;
}

void read_threads(const JsonValue& list, Findings& findings, std::vector<ThreadSettings>& threads) {
    StageCounts counts{};
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        const std::string path = "pipeline.threads[" + std::to_string(i) + ']';
        ThreadSettings thread = read_thread(list.items[i], path, findings, counts);
        const auto same = [&](const ThreadSettings& other) { return other.name == thread.name; };
        if (!thread.name.empty() && std::any_of(threads.begin(), threads.end(), same))
            findings.errors.push_back(path + ".name: \"" + thread.name +
                                      "\" is another thread's name, expected a new one");
        threads.push_back(std::move(thread));
    }
    for (std::size_t i = 0; i < stage_names.size(); ++i)
        if (counts[i] == 0)
            findings.errors.push_back("pipeline.threads: no thread runs stage " +
                                      std::string{stage_names[i]} + ", expected every stage once");
}

/// Which of the exchange's calls orders use, where there is a choice.
void read_order_calls(SettingsSection& section, const ExchangeSettings& exchange,
                      EngineSettings& engine) {
    const bool nonces = exchange.venue == Venue::aster && exchange.auth == AuthScheme::v3;
    engine.entry.void_unknown = nonces;
    section.read("void_unknown", engine.entry.void_unknown);
    if (engine.entry.void_unknown && !nonces)
        section.refuse("void_unknown", "true needs auth \"v3\", expected false");
    section.read("modify_take_profits", engine.protection.modify_take_profits);
    if (engine.protection.modify_take_profits && !nonces && exchange.venue == Venue::aster)
        section.refuse("modify_take_profits", "true needs auth \"v3\", expected false");
    section.read("otoco_entry", engine.entry.attach_exits);
    if (engine.entry.attach_exits && !nonces)
        section.refuse("otoco_entry", "true needs aster \"v3\" strategies, expected false");
}

}  // namespace

void read_exchange(const JsonValue* value, Findings& findings, ExchangeSettings& exchange,
                   EngineSettings& engine) {
    SettingsSection section{value, "exchange", findings};
    section.choice<Venue>("venue", exchange.venue,
                          {{"aster", Venue::aster}, {"binance", Venue::binance}});
    const bool aster = exchange.venue == Venue::aster;
    exchange.auth = aster ? AuthScheme::v3 : AuthScheme::v1;
    section.choice<AuthScheme>("auth", exchange.auth,
                               {{"v3", AuthScheme::v3}, {"v1", AuthScheme::v1}});
    if (!aster && exchange.auth == AuthScheme::v3)
        section.refuse("auth", "\"v3\" is not known to binance, expected \"v1\"");
    exchange.rest_url = aster ? "https://fapi.asterdex.com" : "https://fapi.binance.com";
    exchange.stream_url = aster ? "wss://fstream.asterdex.com" : "wss://fstream.binance.com";
    read_url(section, "rest_url", exchange.rest_url, "https", "http");
    read_url(section, "stream_url", exchange.stream_url, "wss", "ws");
    section.read("ca_file", exchange.ca_file);
    section.read("chain_id", exchange.chain_id, 1, UINT32_MAX);
    section.read("feeds", exchange.feeds, 1, 8);
    section.read("user_feeds", exchange.user_feeds, 1, 4);
    section.span("silence_ms", exchange.silence, milliseconds(1), between(1'000, 60'000));
    section.span("rotate_after_s", exchange.rotate_after, seconds(1), between(5, 86'000));
    section.span("rotate_stagger_s", exchange.rotate_stagger, seconds(1), between(0, 3'600));
    section.span("listen_key_refresh_s", exchange.listen_key_refresh, seconds(1),
                 between(1, 3'300));
    read_name_servers(section, exchange.dns_servers);
    section.span("dns_interval_s", exchange.dns_interval, seconds(1), between(1, 3'600));
    section.read("order_connections", exchange.order_connections, 1, 16);
    section.read("presigned_nonces", exchange.presigned_nonces, 0, 16'384);
    section.read("instance", engine.instance, 0, 1023);
    read_order_calls(section, exchange, engine);
    section.finish();
}

void read_pipeline(const JsonValue* value, Findings& findings, PipelineSettings& pipeline) {
    SettingsSection section{value, "pipeline", findings};
    section.read("lock_memory", pipeline.lock_memory);
    const JsonValue* threads = section.find("threads");
    if (threads != nullptr) {
        if (threads->kind == JsonKind::list)
            read_threads(*threads, findings, pipeline.threads);
        else if (threads->kind != JsonKind::text || threads->text != "auto")
            section.refuse("threads",
                           describe(*threads) + ", expected \"auto\" or a list of threads");
    }
    section.finish();
}

void read_storage(const JsonValue* value, Findings& findings, bool on_paper,
                  StorageSettings& storage) {
    SettingsSection section{value, "storage", findings};
    if (on_paper) storage.database = "data/tranche-paper.db";
    section.read("database", storage.database);
    section.read("journal", storage.journal);
    section.read("liquidation_days", storage.liquidation_days, 1, 3650);
    section.finish();
}

void read_paper(const JsonValue* value, Findings& findings, PaperSettings& paper) {
    // Fractions of the notional: a tenth is far above any exchange's, a hundredth back as well.
    constexpr DecimalRange fee{-Ratio::one / 100, Ratio::one / 10, false, false};
    SettingsSection section{value, "paper", findings};
    section.span("latency_ms", paper.latency, milliseconds(1), between(0, 10'000));
    section.read("maker_fee", paper.maker_fee, fee);
    section.read("taker_fee", paper.taker_fee, fee);
    section.read("balance_usdt", paper.balance, above(0, 1'000'000'000));
    section.finish();
}

void read_status(const JsonValue* value, Findings& findings, StatusSettings& status) {
    SettingsSection section{value, "status", findings};
    std::string listen;
    section.read("listen", listen);
    section.read("token_file", status.token_file);
    if (!listen.empty()) {
        const auto place = parse_listen_address(listen);
        if (!place)
            section.refuse("listen", '"' + listen + "\" is not usable, expected ADDRESS:PORT");
        else
            status = {place->address, place->port, status.token_file, place->loopback};
        if (place && !place->loopback && status.token_file.empty())
            section.refuse("listen", '"' + listen +
                                         "\" is reachable from other hosts, expected "
                                         "status.token_file beside it");
    }
    section.finish();
}

}  // namespace tranche
