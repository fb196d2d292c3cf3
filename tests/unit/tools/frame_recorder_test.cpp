#include "tools/frame_recorder.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

#include "net/aster/exchange_info.hpp"
#include "net/capture/decoder.hpp"
#include "tools/frame_tap.hpp"

namespace tranche {
namespace {

class Heard final : public capture::ConversationSink {
public:
    void on_websocket(const capture::WebSocketNote& note) override {
        said.push_back(std::string{note.target} + ' ' +
                       std::string{note.payload.begin(), note.payload.end()});
        times.push_back(note.time);
    }
    void on_http(capture::StreamNumber, const capture::HttpNote& note) override {
        if (!note.request && note.status == 200) info = note.body;
    }
    void on_lost(capture::StreamNumber, bool, Nanos) override { ++lost; }
    std::vector<std::string> said;
    std::vector<Nanos> times;
    std::string info;
    std::size_t lost{};
};

SymbolTable two_symbols() {
    SymbolRules rules;
    rules.name = "BTCUSDT";
    rules.trading = true;
    rules.tick = Price{10'000'000};
    rules.step = Quantity{100'000};
    rules.min_notional = Notional{500'000'000};
    rules.max_orders = 200;
    rules.max_conditional_orders = 8;
    SymbolRules other = rules;
    other.name = "ETHUSDT";
    return SymbolTable{{rules, other}, 1};
}

/// A record in a folder of its own.
struct Written {
    Written() : path{testing::TempDir() + "record-" + std::to_string(getpid()) + ".pcapng"} {
        std::filesystem::remove(path);
        auto made = FrameRecorder::create(path);
        EXPECT_TRUE(made);
        recorder = std::move(made).value();
    }
    ~Written() { std::filesystem::remove(path); }
    void frame(std::uint16_t connection, const std::string& text, Nanos time) {
        char* const room = recorder->frames().reserve(text.size());
        ASSERT_NE(room, nullptr);
        std::memcpy(room, text.data(), text.size());
        recorder->frames().publish({time, static_cast<std::uint32_t>(text.size()), connection, 0});
    }
    std::string path;
    std::unique_ptr<FrameRecorder> recorder;
};

TEST(FrameRecorder, WritesWhatTheDecoderReadsBack) {
    Written written;
    written.recorder->begin(two_symbols(), {{"/stream?streams=a", false}, {"/ws/KEY", true}},
                            seconds(1'000));
    const std::string large(200'000, 'x');
    written.frame(0, "first", seconds(1'001));
    written.frame(1, R"({"e":"listenKeyExpired","listenKey":"KEYKEYKEY"})", seconds(1'002));
    written.frame(0, large, seconds(1'003));
    EXPECT_EQ(written.recorder->poll(0), 3U);
    EXPECT_EQ(written.recorder->poll(5), 0U);
    ASSERT_TRUE(written.recorder->close(5));

    capture::KeyLog keys;
    Heard heard;
    capture::Decoder decoder{keys, heard};
    ASSERT_TRUE(decoder.read(written.path));
    decoder.finish();
    ASSERT_EQ(heard.said.size(), 3U);
    EXPECT_EQ(heard.said[0], "/stream?streams=a first");
    EXPECT_EQ(heard.said[2], "/stream?streams=a " + large);
    EXPECT_EQ(heard.times[0], seconds(1'001));
    EXPECT_EQ(decoder.counts().missed, 5U);
    EXPECT_EQ(decoder.flow_counts().gaps, 0U);
    const auto info = aster::read_exchange_info(heard.info, std::vector<std::string>{"ETHUSDT"});
    ASSERT_TRUE(info);
    EXPECT_EQ(info.value().symbols[0].name, "ETHUSDT");
    EXPECT_EQ(info.value().symbols[0].tick, Price{10'000'000});
    EXPECT_EQ(info.value().symbols[0].max_conditional_orders, 8);
}

TEST(FrameRecorder, HoldsNoSecretAndIsForItsOwnerOnly) {
    Written written;
    written.recorder->begin(two_symbols(), {{"/ws/SECRETPATH", true}}, seconds(1));
    written.frame(0, R"({"e":"x","listenKey" : "SECRETKEY","o":1})", seconds(2));
    ASSERT_TRUE(written.recorder->close(0));
    std::ifstream in{written.path, std::ios::binary};
    const std::string all{std::istreambuf_iterator<char>{in}, {}};
    EXPECT_EQ(all.find("SECRET"), std::string::npos);
    EXPECT_NE(all.find("\"o\":1"), std::string::npos);
    struct stat facts {};
    ASSERT_EQ(stat(written.path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    EXPECT_FALSE(FrameRecorder::create(written.path)) << "what is there stays";
}

/// Takes everything.
struct Everything {
    Decoded decode(const Frame&, EventSink&) { return verdict; }
    Decoded verdict{Decoded::events};
};

TEST(FrameTap, CopiesWhatWasTakenAndCountsWhatFindsNoRoom) {
    Everything codec;
    ByteRing copies{4096};
    FrameTap<Everything> tap{codec, &copies};
    Ring<Event> events{64};
    EventSink sink{events, 1};
    const std::string text(500, 'x');
    Frame frame{{seconds(1), 500, 3, 0}, text};
    codec.verdict = Decoded::no_room;
    tap.decode(frame, sink);
    Frame copy;
    EXPECT_FALSE(copies.front(copy));
    codec.verdict = Decoded::ignored;
    for (int i = 0; i < 20; ++i) tap.decode(frame, sink);
    EXPECT_GT(tap.missed(), 0U);
    ASSERT_TRUE(copies.front(copy));
    EXPECT_EQ(copy.head.connection, 3);
    EXPECT_EQ(copy.bytes.size(), 500U);
}

}  // namespace
}  // namespace tranche
