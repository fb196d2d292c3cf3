#include "core/snapshot.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

namespace tranche {
namespace {

using Words = std::array<std::uint64_t, 32>;

Words all(std::uint64_t value) {
    Words words;
    words.fill(value);
    return words;
}

TEST(Snapshot, ReadsWhatWasWrittenLast) {
    Snapshot<Words> snapshot;
    EXPECT_EQ(snapshot.read(), Words{});
    EXPECT_EQ(snapshot.version(), 0U);
    snapshot.write(all(5));
    snapshot.write(all(6));
    EXPECT_EQ(snapshot.read(), all(6));
    EXPECT_EQ(snapshot.version(), 2U);
}

TEST(Snapshot, IsNeverTornAndNeverGoesBack) {
    Snapshot<Words> snapshot;
    std::atomic<bool> done{};
    std::thread writer{[&] {
        for (std::uint64_t value = 1; value <= 200'000; ++value) snapshot.write(all(value));
        done = true;
    }};
    std::uint64_t torn = 0;
    std::uint64_t backwards = 0;
    std::uint64_t newest = 0;
    while (!done) {
        Words words;
        if (!snapshot.try_read(words)) continue;
        torn += words != all(words[0]);
        backwards += words[0] < newest;
        newest = words[0];
    }
    writer.join();
    EXPECT_EQ(torn, 0U);
    EXPECT_EQ(backwards, 0U);
    EXPECT_EQ(snapshot.read(), all(200'000));
}

}  // namespace
}  // namespace tranche
