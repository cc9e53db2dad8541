#include "run/so_far.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "generator/result_message.h"
#include "run/phases.h"
#include "stats/histogram_codec.h"

namespace portillon::run {
namespace {

std::string packed(Nanos value, unsigned count) {
    stats::Histogram histogram;
    for (unsigned i = 0; i < count; ++i) {
        histogram.record(value);
    }
    return stats::pack(histogram);
}

link::v1::Snapshot snapshot_of(const account::Counts& counts) {
    link::v1::Snapshot snapshot;
    generator::write_counts(counts, *snapshot.mutable_counts());
    return snapshot;
}

link::v1::Snapshot snapshot(std::uint32_t segment, unsigned count, Nanos response) {
    const account::Counts counts{.generated = count + 5, .acknowledged = count};
    auto snapshot = snapshot_of(counts);
    auto& part = *snapshot.add_changed();
    part.set_segment(segment);
    generator::write_counts(counts, *part.mutable_counts());
    part.add_timings(packed(response, count));
    return snapshot;
}

class SoFarTest : public ::testing::Test {
protected:
    SoFarTest() {
        kind.name = "http2";
        kind.traits = [](const nlohmann::json&) { return driver::Traits{}; };
        order.protocol = &kind;
        order.scenario.lot().fleet.equipments = 10;
        order.scenario.lot().traffic.stages = {{10s, Rate{1}, scenario::Shape::step, arrival::Measure::off},
                                               {10s, Rate{1}, scenario::Shape::step, arrival::Measure::on}};
    }
    void aborts_at(const char* metric, const char* expression, Nanos not_before = {}) {
        order.scenario.thresholds = {{metric, expression, 0, scenario::Threshold::Breach::aborts, not_before}};
    }
    std::optional<Breach> breach(Nanos elapsed = 15s) {
        return breach_of(order, so_far.result(segments_of(order.scenario)), elapsed);
    }
    driver::Kind kind;
    Order order;
    SoFar so_far;
};

TEST_F(SoFarTest, EndsARunByItsErrorsAndCountsDialsOnce) {
    auto first = snapshot(1, 100, 2ms);
    first.set_errors(12);
    first.set_connect_failures(5);
    so_far.heard(0, first);
    so_far.heard(1, first);
    aborts_at("errors", "count<25");
    EXPECT_FALSE(breach());
    aborts_at("http_req_failed", "count<24");
    ASSERT_TRUE(breach());
    EXPECT_EQ(breach()->threshold, "errors: count<24");
    EXPECT_EQ(breach()->observed, "24");
}

TEST_F(SoFarTest, AddsUpShardsAndKeepsWhatHasNotChangedSince) {
    so_far.heard(0, snapshot(1, 100, 2ms));
    so_far.heard(1, snapshot(1, 50, 4ms));
    so_far.heard(0, snapshot_of({.generated = 120, .acknowledged = 100}));  // nothing was answered in this second
    so_far.result(segments_of(order.scenario));
    so_far.heard(1, snapshot(1, 60, 4ms));
    so_far.heard(1, snapshot(1, 50, 4ms));
    const auto& result = so_far.result(segments_of(order.scenario));
    EXPECT_EQ(result.counts.generated, 175U);
    EXPECT_EQ(result.counts.acknowledged, 150U);
    EXPECT_EQ(result.response.count(), 150U);
}

TEST_F(SoFarTest, ABreachedThresholdThatAbortsIsNamedWithWhatWasSeen) {
    so_far.heard(0, snapshot(1, 100, 80ms));
    aborts_at("response", "p(95)<50ms");
    ASSERT_TRUE(breach());
    EXPECT_EQ(breach()->threshold, "response: p(95)<50ms");
    EXPECT_EQ(breach()->observed.substr(0, 2), "80");
    aborts_at("response", "p(95)<100ms");
    EXPECT_FALSE(breach());
    aborts_at("acknowledged", "count<100");
    EXPECT_TRUE(breach());
    aborts_at("acknowledged", "rate>=0.95");
    EXPECT_FALSE(breach());
}

TEST_F(SoFarTest, WhatMayStillComeToHoldIsLeftToTheEnd) {
    so_far.heard(0, snapshot(1, 100, 80ms));
    for (const char* expression : {"count>1000", "count>=1000", "count==1000", "count!=100"}) {
        aborts_at("acknowledged", expression);
        EXPECT_FALSE(breach()) << expression;
    }
    aborts_at("acknowledged", "count==99");
    EXPECT_TRUE(breach()) << "it has passed 99 already";
    aborts_at("response", "max>1s");
    EXPECT_FALSE(breach());
}

TEST_F(SoFarTest, WhatIsInFlightDoesNotLowerTheShareOfAcknowledgements) {
    auto half_answered = snapshot(1, 100, 80ms);
    half_answered.clear_counts();
    generator::write_counts({.generated = 200, .acknowledged = 100}, *half_answered.mutable_counts());
    so_far.heard(0, half_answered);
    aborts_at("acknowledged", "rate>0.9");
    EXPECT_FALSE(breach());
    half_answered.clear_counts();
    generator::write_counts({.generated = 200, .acknowledged = 100, .rejected = 100}, *half_answered.mutable_counts());
    so_far.heard(0, half_answered);
    EXPECT_TRUE(breach());
}

TEST_F(SoFarTest, WarmUpCountsForItsStageOnly) {
    so_far.heard(0, snapshot(0, 100, 80ms));
    aborts_at("response", "p(95)<50ms");
    EXPECT_FALSE(breach()) << "no data of a measured stage";
    aborts_at("response{stage:1}", "p(95)<50ms");
    EXPECT_TRUE(breach());
    aborts_at("response{stage:2}", "p(95)<50ms");
    EXPECT_FALSE(breach());
}

TEST_F(SoFarTest, IsNotAbortedBeforeItsTimeNorByThresholdsForTheEnd) {
    so_far.heard(0, snapshot(1, 100, 80ms));
    aborts_at("response", "p(95)<50ms", 20s);
    EXPECT_FALSE(breach(19s));
    EXPECT_TRUE(breach(20s));
    order.scenario.thresholds = {{"response", "p(95)<50ms"}};
    EXPECT_FALSE(breach());
}

}  // namespace
}  // namespace portillon::run
