#include "stats/histogram.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace portillon::stats {
namespace {

Histogram of(std::initializer_list<Nanos> values) {
    Histogram histogram;
    for (const auto value : values) {
        histogram.record(value);
    }
    return histogram;
}

TEST(Histogram, SaysNothingWhenEmpty) {
    const Histogram empty;
    EXPECT_TRUE(empty.empty());
    EXPECT_EQ(empty.count(), 0U);
    EXPECT_FALSE(empty.min());
    EXPECT_FALSE(empty.max());
    EXPECT_FALSE(empty.mean());
    EXPECT_FALSE(empty.stdev());
    EXPECT_FALSE(empty.percentile(50));
    EXPECT_FALSE(empty.percentile(50, 3));
    EXPECT_TRUE(empty.buckets().empty());
}

TEST(Histogram, KeepsThreeDigitsOverTheWholeRange) {
    for (Nanos value = 1us; value <= 24h; value = value * 21 / 20) {
        const auto histogram = of({value});
        const auto read = *histogram.percentile(50);
        EXPECT_GE(read, value);
        EXPECT_LE(static_cast<double>((read - value).count()),
                  std::max(512.0, 0.001 * static_cast<double>(value.count())))
            << value.count();
        EXPECT_EQ(histogram.min(), value);
        EXPECT_EQ(histogram.max(), value);
    }
}

TEST(Histogram, PlacesEveryValueIntoTheBucketThatHoldsIt) {
    for (std::uint32_t index = 0; index < Histogram::index_of(Histogram::highest_trackable); ++index) {
        const auto lowest = Histogram::lowest_at(index);
        const auto beyond = Histogram::lowest_at(index + 1);
        ASSERT_LT(lowest, beyond);
        ASSERT_EQ(Histogram::index_of(lowest), index);
        ASSERT_EQ(Histogram::index_of(beyond - 1ns), index);
    }
}

TEST(Histogram, AnswersWithTheHighestEquivalentValueAtTheRank) {
    Histogram histogram;
    for (int i = 1; i <= 100; ++i) {
        histogram.record(i * 1ms);
    }
    const auto upper = [](Nanos value) { return Histogram::lowest_at(Histogram::index_of(value) + 1) - 1ns; };
    EXPECT_EQ(histogram.percentile(0), 1ms);
    EXPECT_EQ(histogram.percentile(1), upper(1ms));
    EXPECT_EQ(histogram.percentile(1.01), upper(2ms));
    EXPECT_EQ(histogram.percentile(50), upper(50ms));
    EXPECT_EQ(histogram.percentile(95), upper(95ms));
    EXPECT_EQ(histogram.percentile(99.9), 100ms);  // the largest, which is known exactly
    EXPECT_EQ(histogram.percentile(100), 100ms);
}

// Every figure lies within the exact extremes, the percentiles ascend, and the last one is the maximum.
void expect_within_extremes(const Histogram& histogram, const std::string& what) {
    SCOPED_TRACE(what);
    const auto min = *histogram.min();
    const auto max = *histogram.max();
    Nanos last = min;
    for (double percent = 0; percent <= 100; percent += 0.7) {
        if (const auto value = histogram.percentile(std::min(percent, 100.0))) {
            EXPECT_GE(*value, last) << percent;
            EXPECT_LE(*value, max) << percent;
            last = *value;
        }
    }
    EXPECT_EQ(histogram.percentile(0), min);
    EXPECT_EQ(histogram.percentile(100), max);
    EXPECT_EQ(histogram.percentile(100, 1), std::nullopt);
    if (const auto mean = histogram.mean()) {
        EXPECT_GE(*mean, static_cast<double>(min.count()));
        EXPECT_LE(*mean, static_cast<double>(max.count()));
    }
}

TEST(Histogram, KeepsEveryFigureWithinItsExactExtremes) {
    expect_within_extremes(of({4'290'001ns}), "one value at the begin of its bucket");
    expect_within_extremes(of({Histogram::lowest_at(5000) - 1ns}), "one at the end");
    expect_within_extremes(of({1ns}), "one far below the lowest discernible");
    expect_within_extremes(of({-5us}), "a negative one");
    expect_within_extremes(of({-3ms, 1ms}), "a negative and a positive one");
    expect_within_extremes(of({25h, 30h}), "overflow alone");
    expect_within_extremes(of({24h, 25h}), "overflow beside the highest in range");
    const std::uint64_t seed = 71;
    Random random(seed);
    for (int round = 0; round < 60; ++round) {
        Histogram histogram, other;
        for (auto n = 1 + random.next() % 40; n > 0; --n) {
            (random.next() % 2 == 0 ? histogram : other)
                .record(Nanos{static_cast<std::int64_t>(random.next() >> (random.next() % 46 + 17))});
        }
        histogram.merge(other);
        expect_within_extremes(histogram, "seed 71, round " + std::to_string(round));
    }
}

TEST(Histogram, SeesNoDeviationAmongEqualValues) {
    EXPECT_EQ(of({1001ns, 1001ns}).stdev(), 0);
    EXPECT_EQ(of({1001ns, 1001ns}).mean(), 1001);
}

TEST(Histogram, IsNotLiftedToTheNextRankByRounding) {
    Histogram histogram;
    for (int i = 1; i <= 11; ++i) {
        histogram.record(i * 1ms);
    }
    // 100.0 / 11 * 11 / 100 is a little more than 1 in doubles.
    EXPECT_LT(*histogram.percentile(100.0 / 11), 2ms);
    EXPECT_LT(*histogram.percentile(800.0 / 11), 9ms);
}

TEST(Histogram, RanksTheUnansweredAboveEverything) {
    Histogram histogram;
    histogram.record(1ms, 95);
    EXPECT_TRUE(histogram.percentile(95, 5));
    EXPECT_FALSE(histogram.percentile(95.1, 5));
    EXPECT_FALSE(histogram.percentile(99, 5));
    EXPECT_TRUE(histogram.percentile(99, 0));
    // Ranking the unanswered moves the others down: the median of {1, 2} is 1, that of {1, 2, unanswered, unanswered}
    // is 2.
    const auto two = of({1ms, 2ms});
    EXPECT_LT(*two.percentile(50), 2ms);
    EXPECT_GE(*two.percentile(50, 2), 2ms);
    EXPECT_FALSE(two.percentile(50, 3));
}

TEST(Histogram, CountsOverflowInsteadOfClampingIt) {
    auto histogram = of({1s, 24h, 24h + 1ns, 30h});
    EXPECT_EQ(histogram.count(), 4U);
    EXPECT_EQ(histogram.overflow(), 2U);
    EXPECT_EQ(histogram.max(), 30h);
    EXPECT_TRUE(histogram.percentile(50));
    EXPECT_FALSE(histogram.percentile(51));
    EXPECT_FALSE(histogram.percentile(75));
    EXPECT_EQ(histogram.percentile(100), 30h);  // the largest is known
    EXPECT_EQ(histogram.buckets().size(), 2U);
    EXPECT_LT(*histogram.mean(), 13.0 * 3600e9);

    const auto only = of({25h});
    EXPECT_EQ(only.min(), 25h);
    EXPECT_FALSE(only.mean());
    EXPECT_EQ(only.percentile(0), 25h);
}

TEST(Histogram, ShowsANegativeMinimumAndCountsItLowest) {
    const auto histogram = of({-3ms, 1ms});
    EXPECT_EQ(histogram.min(), -3ms);
    EXPECT_EQ(histogram.max(), 1ms);
    EXPECT_EQ(histogram.percentile(50), 511ns);
    EXPECT_EQ(histogram.overflow(), 0U);
}

TEST(Histogram, MergesExactly) {
    Histogram whole, even, odd;
    Random random(11);
    for (int i = 0; i < 10'000; ++i) {
        const Nanos value{static_cast<std::int64_t>(random.next() >> (random.next() % 40 + 16))};
        whole.record(value);
        (i % 2 == 0 ? even : odd).record(value);
    }
    ASSERT_GT(whole.overflow(), 0U);
    auto merged = odd;
    merged.merge(even);
    EXPECT_EQ(merged, whole);
    merged.merge(Histogram{});
    EXPECT_EQ(merged, whole);
    EXPECT_NE(odd, whole);
}

TEST(Histogram, CountsARecordOfManyAsThatManyRecords) {
    Histogram once, often;
    once.record(3ms, 1000);
    once.record(5ms, 0);
    for (int i = 0; i < 1000; ++i) {
        often.record(3ms);
    }
    EXPECT_EQ(once, often);
}

TEST(Histogram, IsEmptyAgainAfterResetAndAfterBeingMovedFrom) {
    auto histogram = of({1ms, 25h});
    histogram.reset();
    EXPECT_EQ(histogram, Histogram{});
    histogram.record(7ms);
    EXPECT_EQ(histogram, of({7ms}));

    const Histogram moved = std::move(histogram);
    EXPECT_EQ(moved, of({7ms}));
    EXPECT_EQ(histogram, Histogram{});  // NOLINT(bugprone-use-after-move): defined to be empty
    histogram.record(8ms);
    EXPECT_EQ(histogram, of({8ms}));
}

TEST(Histogram, CopiesAreIndependent) {
    auto original = of({1ms});
    auto copy = original;
    copy.record(2ms);
    EXPECT_EQ(original, of({1ms}));
    original = copy;
    EXPECT_EQ(original, of({1ms, 2ms}));
}

TEST(Histogram, HandsOutItsBucketsInAscendingOrder) {
    const auto buckets = of({1ms, 2s, 1ms, 300us}).buckets();
    ASSERT_EQ(buckets.size(), 3U);
    EXPECT_EQ(buckets[1].count, 2U);
    EXPECT_LE(buckets[1].lowest, 1ms);
    EXPECT_GE(buckets[1].highest, 1ms);
    EXPECT_LT(buckets[0].highest, buckets[1].lowest);
    EXPECT_LT(buckets[1].highest, buckets[2].lowest);
}

TEST(Histogram, RestoresOnlyExtremesThatFitItsBuckets) {
    const auto in_range =
        of({Histogram::lowest_at(Histogram::index_of(10ms)), Histogram::lowest_at(Histogram::index_of(20ms))});
    struct Row {
        const char* what;
        std::uint64_t overflow;
        Nanos min, max;
        bool fits;
    };
    const Row rows[] = {
        {"exact extremes", 0, 10ms, 20ms, true},
        {"overflow with its maximum", 2, 10ms, 25h, true},
        {"minimum below its bucket", 0, 9ms, 20ms, false},
        {"maximum above its bucket", 0, 10ms, 21ms, false},
        {"overflow without its maximum", 2, 10ms, 20ms, false},
        {"its maximum without overflow", 0, 10ms, 25h, false},
    };
    for (const auto& row : rows) {
        auto histogram = in_range;
        EXPECT_EQ(histogram.restore(row.overflow, row.min, row.max), row.fits) << row.what;
        if (row.fits) {
            EXPECT_EQ(histogram.max(), row.max);
            EXPECT_EQ(histogram.count(), 2 + row.overflow);
        } else {
            EXPECT_EQ(histogram, in_range);
        }
    }
    Histogram empty;
    EXPECT_TRUE(empty.restore(0, 0ns, 0ns));
    EXPECT_EQ(empty, Histogram{});
    EXPECT_TRUE(empty.restore(3, 25h, 26h));
    EXPECT_EQ(empty.max(), 26h);
}

}  // namespace
}  // namespace portillon::stats
