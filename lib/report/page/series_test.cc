#include "report/page/series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/samples.h"
#include "stats/histogram_codec.h"

namespace portillon::report::page {
namespace {

stats::Histogram of(std::initializer_list<Nanos> values) {
    stats::Histogram histogram;
    for (const auto value : values) {
        histogram.record(value);
    }
    return histogram;
}

Interval interval(double at_s, Count due, Count delivered, std::initializer_list<Nanos> responses) {
    Interval made;
    made.at_s = at_s;
    made.due = due;
    made.acknowledged = responses.size();
    made.delivered = delivered;
    made.connected = 10;
    if (responses.size() > 0) {
        made.response_histogram = stats::encode_deflated(of(responses));
    }
    return made;
}

TEST(Series, MergesRepeatsAndThenAsks) {
    RunReport one;
    RunReport other;
    one.intervals = {interval(0, 4, 4, {1ms, 1ms, 1ms})};
    other.intervals = {interval(0, 2, 0, {9ms}), interval(1, 6, 8, {})};
    const auto series = series_of({{0, 1, &one}, {1, 2, &other}}, 100);
    ASSERT_EQ(series.moments.size(), 2U);
    EXPECT_EQ(series.moments[0].due_per_s, 3) << "the mean of the repeats";
    EXPECT_NEAR(*series.moments[0].p50_us, 1'000, 1);
    EXPECT_NEAR(*series.moments[0].max_us, 9'000, 9);
    EXPECT_EQ(series.moments[0].pending, 1);
    EXPECT_EQ(series.moments[1].due_per_s, 6) << "of the only one that has it";
    EXPECT_EQ(series.moments[1].pending, 0);
    EXPECT_FALSE(series.moments[1].p50_us) << "nothing was answered in it";
    EXPECT_TRUE(series.moments[1].heat.empty());
}

TEST(Series, HasErrorsWhereTheyWereKept) {
    RunReport one;
    RunReport older;
    one.intervals = {interval(0, 4, 4, {}), interval(1, 4, 4, {})};
    one.intervals[0].errors = 6;
    older.intervals = {interval(0, 4, 4, {})};
    const auto series = series_of({{0, 1, &one}, {1, 2, &older}}, 100);
    EXPECT_EQ(series.moments[0].errors_per_s, 6) << "of the only one that kept them";
    EXPECT_FALSE(series.moments[1].errors_per_s);
}

TEST(Series, DoublesItsWidthUntilItFits) {
    RunReport run;
    for (int second = 0; second < 10; ++second) {
        run.intervals.push_back(interval(second, 10, 10, {Nanos{1ms} * (second + 1)}));
        run.intervals.back().cached = static_cast<Count>(second);
    }
    const auto series = series_of({{0, 1, &run}}, 3);
    EXPECT_EQ(series.width_s, 4);
    ASSERT_EQ(series.moments.size(), 3U);
    EXPECT_EQ(series.moments[1].at_s, 4);
    EXPECT_EQ(series.moments[1].due_per_s, 10);
    EXPECT_EQ(series.moments[1].cached, 7) << "as it stood at the end";
    EXPECT_NEAR(*series.moments[1].max_us, 8'000, 8);
    Count in_heat = 0;
    for (const auto& moment : series.moments) {
        for (const auto& [bucket, count] : moment.heat) {
            in_heat += count;
        }
    }
    EXPECT_EQ(in_heat, 10U);
}

// A run with 10 validations a second until 2.5 s, then a drain that ends at 4.25 s.
RunReport drained_run() {
    RunReport run;
    run.phases.push_back(stage_of("steady", 0, 2.5));
    run.phases.push_back(stage_of("never reached", 9, 9));
    run.intervals = {interval(0, 10, 10, {1ms, 1ms}), interval(1, 10, 10, {1ms, 1ms}), interval(2, 5, 5, {1ms, 1ms}),
                     interval(3, 0, 2, {800ms, 900ms}), interval(4, 0, 1, {900ms})};
    run.intervals.back().width_s = 0.25;
    return run;
}

TEST(Series, TakesTheDrainForNoDrop) {
    const auto run = drained_run();
    const auto series = series_of({{0, 1, &run}}, 100);
    ASSERT_EQ(series.moments.size(), 5U);
    EXPECT_EQ(series.moments[1].due_per_s, 10);
    EXPECT_EQ(series.moments[2].due_per_s, 10) << "as long as anything was due";
    EXPECT_FALSE(series.moments[3].due_per_s) << "nothing is due in the drain";
    EXPECT_EQ(series.moments[3].acknowledged_per_s, 2);
    EXPECT_EQ(series.moments[4].acknowledged_per_s, 4) << "one in a quarter of a second";
    EXPECT_EQ(series.moments[4].delivered_per_s, 4);
}

TEST(Series, HasNoRateForASplinter) {
    auto run = drained_run();
    run.intervals.back().width_s = 0.01;
    const auto series = series_of({{0, 1, &run}}, 100);
    EXPECT_FALSE(series.moments[4].acknowledged_per_s);
    EXPECT_FALSE(series.moments[4].delivered_per_s);
    EXPECT_TRUE(series.moments[4].p50_us);
    run.intervals.back().width_s = 0;
    EXPECT_FALSE(series_of({{0, 1, &run}}, 100).moments[4].acknowledged_per_s);
}

TEST(Series, DividesWideColumnsByWhatTheyHold) {
    const auto run = drained_run();
    const auto series = series_of({{0, 1, &run}}, 2);  // columns of 4 s
    ASSERT_EQ(series.moments.size(), 2U);
    EXPECT_EQ(series.moments[0].due_per_s, 10);
    EXPECT_EQ(series.moments[0].acknowledged_per_s, 2);
}

TEST(Series, ShowsNoMaximumAboveTheRuns) {
    auto run = drained_run();
    run.intervals = {interval(0, 1, 1, {4'290'001ns})};
    run.latency.response = Latency{of({4'290'001ns})};
    const auto earlier = series_of({{0, 1, &run}}, 100);
    EXPECT_EQ(earlier.moments[0].max_us, 4290.001) << "the interval of an earlier report tells its buckets only";
    EXPECT_EQ(earlier.moments[0].p99_us, 4290.001);
    run.latency.response->histogram.record(1s);
    run.intervals[0].response_min = run.intervals[0].response_max = 4'290'001ns;
    EXPECT_EQ(series_of({{0, 1, &run}}, 100).moments[0].max_us, 4290.001);
}

TEST(Series, KnowsNothingOfDeliveryWithoutALedger) {
    RunReport run;
    run.intervals = {interval(0, 5, 5, {1ms})};
    run.intervals[0].delivered.reset();
    const auto series = series_of({{0, 1, &run}}, 10);
    EXPECT_FALSE(series.moments[0].delivered_per_s);
    EXPECT_FALSE(series.moments[0].pending);
}

TEST(Series, SurvivesAbsurdTimes) {
    RunReport run;
    run.interval_s = 1e-300;
    run.intervals = {interval(1e300, 1, 1, {}), interval(-1e300, 1, 1, {}), interval(0, 1, 1, {})};
    EXPECT_LE(series_of({{0, 1, &run}}, 2).moments.size(), 3U);
}

TEST(Series, TenHeatBucketsMakeADecade) {
    EXPECT_EQ(heat_bucket(0ns), 0);
    EXPECT_EQ(heat_bucket(1us), 0);
    EXPECT_EQ(heat_bucket(10us), 10);
    EXPECT_EQ(heat_bucket(Nanos{9'999}), 9);
    EXPECT_EQ(heat_bucket(1s), 60);
}

TEST(Spectrum, EndsAtTheGreatestValue) {
    Latency latency;
    for (int i = 1; i <= 1000; ++i) {
        latency.histogram.record(Nanos{1us} * i);
    }
    const auto points = spectrum_of(latency);
    ASSERT_FALSE(points.empty());
    EXPECT_EQ(points.front().x, 1);
    EXPECT_NEAR(points.front().us, 1, 0.5);
    EXPECT_NEAR(points.back().x, 1000, 1e-6);
    EXPECT_NEAR(points.back().us, 1000, 1);
}

TEST(Spectrum, EndsWhereTheUnansweredBegin) {
    Latency latency;
    latency.histogram.record(1ms, 90);
    latency.unanswered = 10;
    const auto points = spectrum_of(latency);
    ASSERT_FALSE(points.empty());
    EXPECT_NEAR(points.back().x, 10, 1e-6) << "nine in ten were answered";
    for (const auto& point : points) {
        EXPECT_LE(point.x, 10 + 1e-6);
    }
}

TEST(Spectrum, OfNothingAnsweredIsEmpty) {
    EXPECT_TRUE(spectrum_of(Latency{{}, 10}).empty());
    Latency above;
    above.histogram.record(25h);
    EXPECT_TRUE(spectrum_of(above).empty());
}

}  // namespace
}  // namespace portillon::report::page
