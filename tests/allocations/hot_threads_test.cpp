// Receive, parse, engine and gateway on one counted thread, orders and fills included.
#include <execinfo.h>
#include <gtest/gtest.h>

#include "net/tls_memory.hpp"
#include "tests/allocations/allocation_counter.hpp"
#include "tests/allocations/running_line.hpp"

namespace tranche::test {
namespace {

using integration::eventually;

/// Handshakes allocate; counting begins when all of them are over and orders have gone out.
bool is_warm(const RunningLine& line) {
    const EngineBoardRow engine = line.engine();
    bool all_open = true;
    for (const auto& open : line.pipeline().streams().open()) all_open = all_open && open.load();
    const GatewayMetrics& gateway = line.pipeline().gateway_metrics();
    return engine.mode == Mode::trading && engine.user_stream_up && all_open &&
           gateway.connections_ready.get() == line.order_connections() && engine.fills >= 1 &&
           gateway.of(ReplyClass::accepted) >= 5;
}

std::string state_of(const RunningLine& line) {
    const EngineBoardRow engine = line.engine();
    const GatewayMetrics& gateway = line.pipeline().gateway_metrics();
    std::string text = "mode " + std::to_string(static_cast<int>(engine.mode)) + " (" +
                       engine.mode_reason.data() + "), liquidations " +
                       std::to_string(engine.liquidations) + ", fills " +
                       std::to_string(engine.fills) + ", accepted " +
                       std::to_string(gateway.of(ReplyClass::accepted)) + ", connections ready " +
                       std::to_string(gateway.connections_ready.get()) + ", open:";
    for (const auto& open : line.pipeline().streams().open()) text += open.load() ? " 1" : " 0";
    return text + ", account: " + line.account_state() + "\n";
}

TEST(HotThreads, AllocateNothingAfterStart) {
    ASSERT_TRUE(use_record_memory());  // as main() does, before anything uses OpenSSL
    void* frame = nullptr;
    backtrace(&frame, 1);  // its first call loads a library
    const integration::Folder folder;
    const integration::Exchange exchange{folder,
                                         {"--seed", "3", "--speed", "3", "--balance", "5000"}};
    RunningLine line{folder, exchange};
    ASSERT_TRUE(eventually(seconds(20), [&line] { return is_warm(line); }))
        << state_of(line) << exchange.log();
    const EngineBoardRow before = line.engine();
    forget_allocations();
    line.count(true);
    EXPECT_TRUE(eventually(seconds(60), [&line, &before] {
        const EngineBoardRow now = line.engine();
        return now.liquidations >= before.liquidations + 150 &&
               now.orders_accepted >= before.orders_accepted + 20 &&
               now.fills >= before.fills + 5 && now.tranches_opened > before.tranches_opened;
    })) << state_of(line);
    line.count(false);
    EXPECT_EQ(counted_allocations(), 0U) << where_they_were();
    const EngineBoardRow after = line.engine();
    RecordProperty("liquidations", std::to_string(after.liquidations - before.liquidations));
    RecordProperty("orders", std::to_string(after.orders_accepted - before.orders_accepted));

    // The counter bites: one allocation planted on the same thread is seen.
    forget_allocations();
    line.count(true);
    line.plant();
    EXPECT_TRUE(eventually(seconds(10), [&line] { return line.planted_is_done(); }));
    line.count(false);
    EXPECT_EQ(counted_allocations(), 1U) << where_they_were();
}

TEST(HotThreads, TheCounterSeesEveryWayToAllocate) {
    forget_allocations();
    count_this_thread(true);
    void* volatile memory = std::malloc(8);
    memory = std::realloc(memory, 64);
    std::free(memory);
    memory = std::calloc(2, 8);
    std::free(memory);
    memory = std::aligned_alloc(64, 64);
    std::free(memory);
    void* aligned = nullptr;
    const int failed = posix_memalign(&aligned, 64, 64);
    std::free(aligned);
    memory = ::operator new(8);
    ::operator delete(memory);
    const auto many = std::make_unique<std::string>(100, 'x');
    count_this_thread(false);
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(many->size(), 100U);
    EXPECT_EQ(counted_allocations(), 8U) << where_they_were();
}

}  // namespace
}  // namespace tranche::test
