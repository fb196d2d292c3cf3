#include "core/histogram.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace tranche {
namespace {

TEST(Histogram, EverySampleLiesInItsBucketWithinAThirtySecondOfItsSize) {
    std::mt19937_64 random{11};
    for (int i = 0; i < 100'000; ++i) {
        const std::uint64_t sample = random() >> (21 + random() % 43);
        const std::size_t index = Histogram::index_of(sample);
        const std::uint64_t upper = Histogram::upper_bound(index);
        ASSERT_LE(sample, upper);
        ASSERT_LE((upper - sample) * 32, sample);
        if (index > 0) {
            ASSERT_GT(sample, Histogram::upper_bound(index - 1));
        }
    }
}

TEST(Histogram, PercentilesMatchASortedListOfTheSamples) {
    std::mt19937_64 random{13};
    Histogram histogram;
    std::vector<std::int64_t> samples;
    std::uint64_t sum = 0;
    for (int i = 0; i < 20'000; ++i) {
        samples.push_back(static_cast<std::int64_t>(random() >> (30 + random() % 30)));
        sum += static_cast<std::uint64_t>(samples.back());
        histogram.add(samples.back());
    }
    std::sort(samples.begin(), samples.end());
    const Percentiles found = histogram.percentiles();
    const auto expect_near = [&](std::int64_t value, std::size_t per_mille) {
        const std::int64_t exact = samples[(samples.size() * per_mille + 999) / 1000 - 1];
        EXPECT_GE(value, exact) << per_mille;
        EXPECT_LE((value - exact) * 32, exact) << per_mille;
    };
    expect_near(found.p50, 500);
    expect_near(found.p90, 900);
    expect_near(found.p99, 990);
    expect_near(found.p999, 999);
    EXPECT_EQ(found.max, samples.back());
    EXPECT_EQ(found.count, samples.size());
    EXPECT_EQ(histogram.sum(), sum);
}

TEST(Histogram, OddSamplesAreCountedToo) {
    Histogram histogram;
    EXPECT_EQ(histogram.percentiles().count, 0U);
    histogram.add(-5);
    EXPECT_EQ(histogram.bucket(0), 1U);
    EXPECT_EQ(histogram.percentiles().p999, 0);
    histogram.add(INT64_MAX);
    EXPECT_EQ(histogram.bucket(Histogram::bucket_count - 1), 1U);
    EXPECT_EQ(histogram.percentiles().max, INT64_MAX);
    histogram.clear();
    EXPECT_EQ(histogram.percentiles().count, 0U);
    EXPECT_EQ(histogram.percentiles().max, 0);
    EXPECT_EQ(histogram.sum(), 0U);
}

}  // namespace
}  // namespace tranche
