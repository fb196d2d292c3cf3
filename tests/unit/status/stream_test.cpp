#include <fmt/format.h>
#include <list>

#include "net/status/events.hpp"
#include "tests/unit/status/page.hpp"

namespace tranche::test {
namespace {

Record liquidation(std::uint64_t number) {
    Record record{};
    record.sequence = number;
    record.time = seconds(1'800'000'000);
    record.kind = RecordKind::liquidation;
    record.liquidation = {};
    record.liquidation.arrival_time = record.time;
    record.liquidation.value = {static_cast<std::int64_t>(number) * Notional::one};
    set_text(record.liquidation.name, "BTCUSDT");
    return record;
}

Record tranche_record(TrancheState state, Nanos created, Nanos updated) {
    Record record{};
    record.kind = RecordKind::tranche;
    record.tranche = {};
    record.tranche.id = TrancheId{4};
    record.tranche.state = state;
    record.tranche.created = created;
    record.tranche.updated = updated;
    return record;
}

struct Message {
    std::string id;
    nlohmann::json body;
};

/// Content of an answer that came in chunks.
std::string without_chunks(const std::string& answer) {
    std::string content;
    for (std::size_t at = answer.find("\r\n\r\n") + 4; at < answer.size();) {
        const std::size_t line = answer.find("\r\n", at);
        if (line == std::string::npos) break;
        const std::size_t size = std::stoul(answer.substr(at, line - at), nullptr, 16);
        content += answer.substr(line + 2, size);
        at = line + 2 + size + 2;
    }
    return content;
}

/// Messages of a stream, in order.
std::vector<Message> messages(const std::string& answer) {
    const std::string text = without_chunks(answer);
    std::vector<Message> found;
    std::string id;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        if (line.rfind("id: ", 0) == 0) id = line.substr(4);
        if (line.rfind("data: ", 0) != 0) continue;
        found.push_back({id, nlohmann::json::parse(line.substr(6))});
        id.clear();
    }
    return found;
}

std::vector<Message> of_type(const std::string& text, const std::string& type) {
    std::vector<Message> chosen;
    for (Message& message : messages(text))
        if (message.body["type"] == type) chosen.push_back(std::move(message));
    return chosen;
}

class Stream : public Page {
public:
    void open(Socket& client, const std::string& headers = {}) {
        client.send_text("GET /api/stream HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
        settle(client);
    }
};

TEST_F(Stream, EveryClientGetsEveryEventOnceAndInOrder) {
    Socket first{server->port()};
    Socket second{server->port()};
    open(first);
    server->publish(liquidation(1));
    open(second);
    for (std::uint64_t number = 2; number <= 300; ++number) server->publish(liquidation(number));
    settle(first);
    settle(second);
    EXPECT_NE(first.received.find("Content-Type: text/event-stream"), std::string::npos);
    const auto all = of_type(first.received, "new_liquidation");
    ASSERT_EQ(all.size(), 300U);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].body["data"]["usdt_value"], std::to_string(i + 1));
        EXPECT_EQ(all[i].body["timestamp"], 1'800'000'000'000);
        EXPECT_FALSE(all[i].id.empty());
    }
    EXPECT_EQ(of_type(second.received, "new_liquidation").size(), 299U);
    EXPECT_EQ(of_type(second.received, "connected").size(), 1U);
}

TEST_F(Stream, AClientResumesWhereItStopped) {
    std::string last;
    {
        Socket client{server->port()};
        open(client);
        server->publish(liquidation(1));
        settle(client);
        last = of_type(client.received, "new_liquidation").at(0).id;
    }
    server->publish(liquidation(2));
    server->publish(liquidation(3));
    Socket again{server->port()};
    open(again, "Last-Event-ID: " + last + "\r\n");
    const auto missed = of_type(again.received, "new_liquidation");
    ASSERT_EQ(missed.size(), 2U);
    EXPECT_EQ(missed[0].body["data"]["usdt_value"], "2");
    EXPECT_TRUE(of_type(again.received, "resync").empty());
}

TEST_F(Stream, AClientThatFellBehindOrCameFromAnotherRunIsToldToStartAfresh) {
    std::string last;
    {
        Socket client{server->port()};
        open(client);
        server->publish(liquidation(1));
        settle(client);
        last = of_type(client.received, "new_liquidation").at(0).id;
    }
    for (std::uint64_t number = 0; number <= EventHub::backlog; ++number)
        server->publish(liquidation(number));
    for (const std::string& id : {last, std::string{"abc-1"}, std::string{"nonsense"}}) {
        Socket again{server->port()};
        open(again, "Last-Event-ID: " + id + "\r\n");
        EXPECT_EQ(of_type(again.received, "resync").size(), 1U) << id;
        EXPECT_TRUE(of_type(again.received, "new_liquidation").empty()) << id;
        server->publish(liquidation(7));
        settle(again);
        EXPECT_EQ(of_type(again.received, "new_liquidation").size(), 1U)
            << "and goes on from there";
    }
}

TEST(Events, ABacklogWrittenOverManyTimesIsReadInOrderFromItsOldestMessage) {
    constexpr std::uint64_t capacity = 8;
    const SymbolTable symbols{{}, 0};
    const StatusBoard board{1, 1, 1};
    const BoardView view{board};
    EventHub hub{symbols, view, 1, capacity};
    for (std::uint64_t number = 1; number <= 5 * capacity + 3; ++number)
        hub.publish(liquidation(number));
    std::uint64_t cursor = hub.newest() - capacity;
    std::string out;
    hub.read(cursor, SIZE_MAX, seconds(1), out);
    EXPECT_EQ(cursor, hub.newest());
    std::size_t at = 0;
    for (std::uint64_t number = hub.newest() - capacity + 1; number <= hub.newest(); ++number) {
        at = out.find(fmt::format("id: 1-{}\ndata: {{\"type\":\"new_liquidation\"", number), at);
        ASSERT_NE(at, std::string::npos) << number << " in " << out;
    }
    EXPECT_EQ(out.find("resync"), std::string::npos);
    cursor = hub.newest() - capacity - 1;
    out.clear();
    hub.read(cursor, SIZE_MAX, seconds(1), out);
    EXPECT_NE(out.find("resync"), std::string::npos) << "one more is gone";
}

TEST_F(Stream, AQuietStreamKeepsBeating) {
    Socket client{server->port()};
    open(client);
    now += seconds(10);
    settle(client);
    EXPECT_TRUE(of_type(client.received, "heartbeat").empty());
    now += seconds(6);
    settle(client);
    EXPECT_EQ(of_type(client.received, "heartbeat").size(), 1U);
    EXPECT_FALSE(client.closed()) << "a stream is no slow request";
}

TEST_F(Stream, OnlySoManyStreamsAreOpenAndALeftOneMakesRoom) {
    std::list<Socket> clients;
    for (std::size_t i = 0; i < StatusServer::max_stream_clients; ++i) {
        clients.emplace_back(server->port());
        open(clients.back());
    }
    EXPECT_EQ(server->counters().stream_clients, StatusServer::max_stream_clients);
    EXPECT_EQ(get("/api/stream").status, 503);
    clients.pop_front();
    server->publish(liquidation(1));  // writing is how a closed peer is noticed
    for (int i = 0; i < 20; ++i) {
        server->publish(liquidation(2));
        settle(clients.back());
    }
    EXPECT_EQ(server->counters().stream_clients, StatusServer::max_stream_clients - 1);
    Socket another{server->port()};
    open(another);
    EXPECT_EQ(of_type(another.received, "connected").size(), 1U);
}

TEST_F(Stream, AnAlarmReachesTheStreamAndTheList) {
    Socket client{server->port()};
    open(client);
    Record record{};
    record.kind = RecordKind::alarm;
    record.time = now;
    record.alarm = {};
    record.alarm.kind = AlarmKind::entry_rejected;
    record.alarm.raised = true;
    record.alarm.symbol = SymbolId{1};
    set_text(record.alarm.text, "<script>alert(1)</script>");
    server->publish(record);
    settle(client);
    EXPECT_EQ(client.received.find("<script>"), std::string::npos);
    EXPECT_EQ(of_type(client.received, "alarm").at(0).body["data"]["symbol"], "ETHUSDT");
    EXPECT_EQ(get("/api/alarms").json().size(), 1U);
    EXPECT_EQ(get("/api/overview").json()["alarms_raised"], 1);
    record.alarm.raised = false;
    server->publish(record);
    EXPECT_EQ(get("/api/overview").json()["alarms_raised"], 0);
}

TEST_F(Stream, ATrancheIsCreatedOnceThenUpdatedThenClosed) {
    Socket client{server->port()};
    open(client);
    server->publish(tranche_record(TrancheState::pending, seconds(5), seconds(5)));
    server->publish(tranche_record(TrancheState::protecting, seconds(5), seconds(6)));
    server->publish(tranche_record(TrancheState::closed, seconds(5), seconds(7)));
    server->publish(tranche_record(TrancheState::protecting, seconds(5), seconds(8)));
    settle(client);
    std::vector<std::string> types;
    for (const Message& message : messages(client.received)) types.push_back(message.body["type"]);
    EXPECT_EQ(types, (std::vector<std::string>{"connected", "tranche_created", "tranche_updated",
                                               "tranche_closed", "tranche_updated"}));
}

TEST_F(Stream, StopsWithClientsConnected) {
    Socket client{server->port()};
    open(client);
    server.reset();
    for (int i = 0; i < 10 && !client.closed(); ++i) client.receive(5);
    EXPECT_TRUE(client.closed());
}

}  // namespace
}  // namespace tranche::test
