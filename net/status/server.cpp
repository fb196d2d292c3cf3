#include "net/status/server.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <list>
#include <memory>
#include <microhttpd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/status/events.hpp"
#include "net/status/guard.hpp"
#include "net/status/listen.hpp"
#include "net/status/recent.hpp"
#include "net/status/routes.hpp"

namespace tranche {
namespace {

constexpr std::size_t stream_chunk = 16 * 1024;  // bytes handed to a client at a time
constexpr int turns_a_poll = 8;                  // of the library's loop, so that bursts drain

struct Client;

/// One TCP connection, from accept to close.
struct Connection {
    StatusServer::State* state;
    MHD_Connection* handle;
    int descriptor;
    Nanos waiting_since;  // for a complete request
    bool busy;            // one is complete and being answered
};

/// One request, from its header to the end of its answer.
struct Exchange {
    std::string body;  // no longer than its Content-Length, which was checked
    bool refused{};
};

/// One event client, for the life of its answer.
struct Client {
    StatusServer::State* state;
    MHD_Connection* handle;
    std::uint64_t cursor;
    std::string pending;  // written, not yet taken by the library
    std::size_t taken;
    Nanos last_sent;
    bool suspended;
};

struct ResponseDeleter {
    void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
using ResponseHandle = std::unique_ptr<MHD_Response, ResponseDeleter>;

constexpr std::array<std::pair<const char*, const char*>, 9> security_headers{{
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
     "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Embedder-Policy", "require-corp"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
    {"Cache-Control", "no-store"},
}};

void add_header(MHD_Response* response, const char* name, const std::string& value) {
    require(MHD_add_response_header(response, name, value.c_str()) == MHD_YES,
            "a header of ours is well-formed");
}

MHD_Result queue(MHD_Connection* connection, unsigned status, MHD_Response* response,
                 const char* content_type) {
    add_header(response, "Content-Type", content_type);
    for (const auto& header : security_headers) add_header(response, header.first, header.second);
    return MHD_queue_response(connection, status, response);
}

MHD_Result reply(MHD_Connection* connection, const Answer& answer, bool close) {
    const ResponseHandle response{MHD_create_response_from_buffer(
        answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY)};
    if (!response) return MHD_NO;
    if (!answer.allow.empty()) add_header(response.get(), "Allow", answer.allow);
    if (answer.status == MHD_HTTP_UNAUTHORIZED)
        add_header(response.get(), "WWW-Authenticate", "Bearer");
    if (close) add_header(response.get(), "Connection", "close");
    return queue(connection, answer.status, response.get(),
                 std::string{answer.content_type}.c_str());
}

std::string_view header_of(MHD_Connection* connection, const char* name) {
    const char* const value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

Credentials credentials_of(MHD_Connection* connection) {
    return {header_of(connection, "Host"),           header_of(connection, "Origin"),
            header_of(connection, "Sec-Fetch-Site"), header_of(connection, "Authorization"),
            header_of(connection, "Content-Type"),   header_of(connection, "X-Tranche")};
}

/// A length that is absent or at most what we take.
bool fits(std::string_view content_length) {
    if (content_length.empty()) return true;
    std::size_t length = 0;
    const char* const end = content_length.data() + content_length.size();
    const auto parsed = std::from_chars(content_length.data(), end, length);
    return parsed.ec == std::errc{} && parsed.ptr == end && length <= StatusServer::max_request;
}

/// Headers of which a second one means that somebody in the middle may read another request.
struct Framing {
    int hosts{};
    int lengths{};
    int encodings{};
    bool has_body() const { return encodings > 0 || lengths > 0; }
    bool sound() const { return hosts == 1 && lengths + encodings <= 1; }
};

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return (x | 0x20) == (y | 0x20);
           });
}

MHD_Result count_framing(void* to, MHD_ValueKind, const char* name, const char*) {
    auto& framing = *static_cast<Framing*>(to);
    if (same_name(name, "Host")) ++framing.hosts;
    if (same_name(name, "Content-Length")) ++framing.lengths;
    if (same_name(name, "Transfer-Encoding")) ++framing.encodings;
    return MHD_YES;
}

MHD_Result collect_parameter(void* to, MHD_ValueKind, const char* name, const char* value) {
    static_cast<Request*>(to)->query.emplace_back(name, value == nullptr ? "" : value);
    return MHD_YES;
}

}  // namespace

struct StatusServer::State {
    State(const StatusSettings& listen_settings, Listener listener, StatusSources handed_in,
          std::string token, Nanos start)
        : settings{listen_settings},
          port{listener.port},
          sources{std::move(handed_in)},
          guard{listen_settings.address, listener.port, std::move(token)},
          view{sources.board},
          events{sources.symbols, view, static_cast<std::uint64_t>(start.milliseconds())},
          routes{sources, view, recent},
          now{start} {}

    MHD_Result on_request(MHD_Connection* connection, const char* path, const char* method,
                          const char* upload, std::size_t* upload_size, void** exchange);
    MHD_Result on_header(MHD_Connection* connection, std::string_view method, bool& refused);
    MHD_Result answer(MHD_Connection* connection, const char* path, std::string_view method,
                      const Exchange& exchange);
    MHD_Result open_stream(MHD_Connection* connection, bool head_only);
    ssize_t on_stream_read(Client& client, char* to, std::size_t room);
    std::size_t wake_clients();
    void drop_slow();
    void refresh();

    StatusSettings settings;
    std::uint16_t port;
    StatusSources sources;
    Guard guard;
    BoardView view;
    Recent recent;
    EventHub events;
    Routes routes;
    ServerCounters counters;
    Nanos now;
    bool fresh{};  // the view was taken this turn
    MHD_Daemon* daemon{};
    std::list<Client> clients;
    std::list<Connection> connections;
};

namespace {

MHD_Result handle_request(void* state, MHD_Connection* connection, const char* url,
                          const char* method, const char*, const char* upload,
                          std::size_t* upload_size, void** exchange) {
    return static_cast<StatusServer::State*>(state)->on_request(connection, url, method, upload,
                                                                upload_size, exchange);
}

Connection* connection_of(MHD_Connection* handle) {
    const auto* info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == nullptr ? nullptr : static_cast<Connection*>(info->socket_context);
}

void handle_completed(void* state, MHD_Connection* handle, void** exchange,
                      MHD_RequestTerminationCode) {
    delete static_cast<Exchange*>(*exchange);
    *exchange = nullptr;
    if (Connection* const connection = connection_of(handle)) {
        connection->busy = false;
        connection->waiting_since = static_cast<StatusServer::State*>(state)->now;
    }
}

void handle_connection(void* with, MHD_Connection* handle, void** context,
                       MHD_ConnectionNotificationCode code) {
    auto& state = *static_cast<StatusServer::State*>(with);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        state.connections.remove_if([context](const Connection& one) { return &one == *context; });
        *context = nullptr;
        return;
    }
    const auto* info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
    const int descriptor = info == nullptr ? -1 : info->connect_fd;
    state.connections.push_back({&state, handle, descriptor, state.now, false});
    *context = &state.connections.back();
}

ssize_t handle_stream_read(void* client, std::uint64_t, char* to, std::size_t room) {
    auto& one = *static_cast<Client*>(client);
    return one.state->on_stream_read(one, to, room);
}

void handle_stream_closed(void* client) {
    auto& state = *static_cast<Client*>(client)->state;
    state.clients.remove_if([client](const Client& one) { return &one == client; });
    state.counters.stream_clients = state.clients.size();
}

/// The library's own complaints are about clients' mistakes; its answers carry them.
void ignore_log(void*, const char*, va_list) {}

MHD_Daemon* start_daemon(StatusServer::State& state, int listener) {
    constexpr unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    return MHD_start_daemon(
        flags, 0, nullptr, nullptr, &handle_request, &state, MHD_OPTION_EXTERNAL_LOGGER,
        &ignore_log, nullptr, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
        StatusServer::max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        StatusServer::max_request, MHD_OPTION_CONNECTION_TIMEOUT, 30U, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_NOTIFY_COMPLETED, &handle_completed, &state, MHD_OPTION_NOTIFY_CONNECTION,
        &handle_connection, &state, MHD_OPTION_END);
}

}  // namespace

void StatusServer::State::refresh() {
    if (!fresh) view.refresh();
    fresh = true;
}

MHD_Result StatusServer::State::on_header(MHD_Connection* connection, std::string_view method,
                                          bool& refused) {
    Framing framing;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &count_framing, &framing);
    const bool command = method == "POST";
    std::optional<Refusal> refusal;
    if (!framing.sound() || (!command && framing.has_body())) {
        refusal = Refusal{400, "the request is framed in more than one way"};
    } else if (framing.encodings > 0) {
        refusal = Refusal{411, "a command needs a Content-Length"};
    } else if (!fits(header_of(connection, "Content-Length"))) {
        refusal = Refusal{413, "the body is larger than 16 KiB"};
    } else {
        refusal = guard.admit(credentials_of(connection));
        if (!refusal && command) refusal = guard.admit_command(credentials_of(connection), now);
    }
    if (!refusal) return MHD_YES;
    refused = true;
    ++counters.refused;
    return reply(connection, error_answer(refusal->status, refusal->message), true);
}

MHD_Result StatusServer::State::on_request(MHD_Connection* connection, const char* path,
                                           const char* method, const char* upload,
                                           std::size_t* upload_size, void** slot) {
    auto* exchange = static_cast<Exchange*>(*slot);
    if (exchange == nullptr) {
        exchange = new Exchange;
        *slot = exchange;
        ++counters.requests;
        return on_header(connection, method, exchange->refused);
    }
    if (exchange->refused) return MHD_YES;
    if (*upload_size > 0) {
        exchange->body.append(upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    if (Connection* const one = connection_of(connection)) one->busy = true;
    return answer(connection, path, method, *exchange);
}

MHD_Result StatusServer::State::answer(MHD_Connection* connection, const char* path,
                                       std::string_view method, const Exchange& exchange) {
    refresh();
    const bool head = method == "HEAD";
    if (path == Routes::stream_path && (head || method == "GET"))
        return open_stream(connection, head);
    Request request;
    request.method = head ? std::string_view{"GET"} : method;
    request.path = path;
    request.body = exchange.body;
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &collect_parameter, &request);
    return reply(connection, routes.answer(request, now), false);
}

MHD_Result StatusServer::State::open_stream(MHD_Connection* connection, bool head_only) {
    if (!head_only && clients.size() >= max_stream_clients)
        return reply(connection, error_answer(503, "too many event streams are open; close one"),
                     true);
    if (head_only) {
        const ResponseHandle empty{
            MHD_create_response_from_buffer(0, nullptr, MHD_RESPMEM_PERSISTENT)};
        return empty ? queue(connection, 200, empty.get(), "text/event-stream") : MHD_NO;
    }
    const std::uint64_t cursor = events.cursor_for(header_of(connection, "Last-Event-ID"));
    clients.push_back({this, connection, cursor, events.connected(cursor, now), 0, now, false});
    counters.stream_clients = clients.size();
    const ResponseHandle response{
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, stream_chunk, &handle_stream_read,
                                          &clients.back(), &handle_stream_closed)};
    if (!response) {
        clients.pop_back();
        return MHD_NO;
    }
    add_header(response.get(), "X-Accel-Buffering", "no");
    return queue(connection, 200, response.get(), "text/event-stream");
}

ssize_t StatusServer::State::on_stream_read(Client& client, char* to, std::size_t room) {
    if (client.taken == client.pending.size()) {
        client.pending.clear();
        client.taken = 0;
        events.read(client.cursor, stream_chunk, now, client.pending);
        if (client.pending.empty() && now - client.last_sent >= heartbeat_interval)
            client.pending = EventHub::heartbeat(now);
    }
    if (client.pending.empty()) {
        client.suspended = true;
        MHD_suspend_connection(client.handle);
        return 0;
    }
    const std::size_t size = std::min(room, client.pending.size() - client.taken);
    std::copy_n(client.pending.data() + client.taken, size, to);
    client.taken += size;
    client.last_sent = now;
    return static_cast<ssize_t>(size);
}

std::size_t StatusServer::State::wake_clients() {
    std::size_t woken = 0;
    for (Client& client : clients) {
        const bool due =
            client.cursor != events.newest() || now - client.last_sent >= heartbeat_interval;
        if (!client.suspended || !due) continue;
        client.suspended = false;
        MHD_resume_connection(client.handle);
        ++woken;
    }
    return woken;
}

void StatusServer::State::drop_slow() {
    for (Connection& connection : connections) {
        if (connection.busy || now - connection.waiting_since < request_timeout) continue;
        // The library sees the end of the stream at its next turn and closes for good.
        shutdown(connection.descriptor, SHUT_RDWR);
        connection.waiting_since = now;
        ++counters.timed_out;
    }
}

StatusServer::StatusServer(std::unique_ptr<State> state) : state_{std::move(state)} {}

StatusServer::~StatusServer() {
    for (Client& client : state_->clients)
        if (client.suspended) MHD_resume_connection(client.handle);
    if (state_->daemon != nullptr) MHD_stop_daemon(state_->daemon);
}

Result<std::unique_ptr<StatusServer>> StatusServer::open(const StatusSettings& settings,
                                                         StatusSources sources, std::string token,
                                                         Nanos now) {
    if (!settings.loopback && token.empty())
        return Error{ErrorKind::settings,
                     fmt::format("status.listen: {} can be reached from outside, so commands need "
                                 "a token; set status.token_file or listen on 127.0.0.1",
                                 settings.address)};
    const auto listener = listen_on(settings);
    if (!listener) return listener.error();
    auto state = std::make_unique<State>(settings, listener.value(), std::move(sources),
                                         std::move(token), now);
    state->daemon = start_daemon(*state, listener.value().descriptor);
    if (state->daemon == nullptr) {
        close(listener.value().descriptor);
        return Error{ErrorKind::unavailable, "libmicrohttpd could not start the status page"};
    }
    return std::unique_ptr<StatusServer>{new StatusServer{std::move(state)}};
}

std::size_t StatusServer::poll(Nanos now) {
    State& state = *state_;
    state.now = now;
    state.fresh = false;
    std::size_t done = state.wake_clients();
    state.drop_slow();
    for (int turn = 0; turn < turns_a_poll; ++turn) {
        const std::uint64_t before = state.counters.requests;
        MHD_run(state.daemon);
        done += state.counters.requests - before;
        if (state.counters.requests == before && turn > 0) break;
    }
    return done;
}

void StatusServer::publish(const Record& record) {
    state_->refresh();
    state_->recent.publish(record);
    state_->events.publish(record);
}

std::uint16_t StatusServer::port() const {
    return state_->port;
}

std::string StatusServer::url() const {
    const std::string& address = state_->settings.address;
    const bool six = address.find(':') != std::string::npos;
    const std::string shown = address == "0.0.0.0" ? "127.0.0.1"
                              : address == "::"    ? "::1"
                                                   : address;
    return six ? fmt::format("http://[{}]:{}/", shown, port())
               : fmt::format("http://{}:{}/", shown, port());
}

const ServerCounters& StatusServer::counters() const {
    return state_->counters;
}

}  // namespace tranche
