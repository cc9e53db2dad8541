#include "fleet/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stats/histogram_codec.h"

namespace portillon::fleet {
namespace {

using ::testing::ElementsAre;

std::string packed(std::vector<Nanos> values) {
    stats::Histogram histogram;
    for (const Nanos value : values) {
        histogram.record(value);
    }
    return stats::pack(histogram);
}

TEST(Exceptions, AreSortedAndNeighboursOfOneStateBecomeOne) {
    std::vector<Exception> exceptions{
        {EquipmentId{2}, 5, 9, State::cached},    {EquipmentId{1}, 4, 6, State::rejected},
        {EquipmentId{1}, 1, 3, State::rejected},  {EquipmentId{1}, 7, 7, State::discarded},
        {EquipmentId{1}, 9, 9, State::discarded}, {EquipmentId{2}, 10, 12, State::cached}};
    put_in_order(exceptions);
    EXPECT_THAT(exceptions, ElementsAre(Exception{EquipmentId{1}, 1, 6, State::rejected},
                                        Exception{EquipmentId{1}, 7, 7, State::discarded},
                                        Exception{EquipmentId{1}, 9, 9, State::discarded},
                                        Exception{EquipmentId{2}, 5, 12, State::cached}));
}

TEST(Exceptions, OfTwoStatesAtOnceAreAProgrammersError) {
    std::vector<Exception> exceptions{{EquipmentId{1}, 1, 4, State::rejected}, {EquipmentId{1}, 4, 6, State::cached}};
    EXPECT_DEATH(put_in_order(exceptions), "one state");
}

TEST(Series, DoublingKeepsSumsAndTheLaterGauges) {
    Series series;
    series.intervals = {{1, 2, 3, 4, 5, packed({1ms}), 1}, {10, 20, 30, 40, 50, packed({2ms}), 2}, {7, 7, 7, 7, 7, ""}};
    series.double_width();
    EXPECT_EQ(series.width, 2s);
    EXPECT_THAT(series.intervals,
                ElementsAre(Interval{11, 22, 30, 40, 50, packed({1ms, 2ms}), 3}, Interval{7, 7, 7, 7, 7, ""}));
}

TEST(Merge, AddsAndSorts) {
    Result a;
    a.counts.generated = 5;
    a.counts.acknowledged = 5;
    a.response.record(1ms, 5);
    a.generated = {{EquipmentId{1}, 3}, {EquipmentId{3}, 2}};
    a.exceptions = {{EquipmentId{1}, 1, 1, State::cached}, {EquipmentId{3}, 1, 1, State::cached}};
    a.errors = {{"deliver.reset", 2}};
    a.server_said = {{"reset", "one of them"}};
    a.connecting = 2s;
    a.counts.connected_max = 2;
    Result b;
    b.counts.generated = 7;
    b.counts.rejected = 7;
    b.response.record(2ms, 7);
    b.generated = {{EquipmentId{2}, 7}};
    b.exceptions = {{EquipmentId{2}, 1, 7, State::rejected}};
    b.errors = {{"deliver.reset", 1}, {"connect.refused", 4}};
    b.server_said = {{"reset", "the other"}, {"refused", "no"}};
    b.connecting = 3s;
    b.counts.connected_max = 1;
    Result ba = b;
    merge(ba, a);
    merge(a, b);
    EXPECT_TRUE(a == ba);
    EXPECT_EQ(a.counts.generated, 12u);
    EXPECT_TRUE(account::is_balanced(a.counts));
    EXPECT_EQ(a.response.count(), 12u);
    EXPECT_THAT(a.generated,
                ElementsAre(Generated{EquipmentId{1}, 3}, Generated{EquipmentId{2}, 7}, Generated{EquipmentId{3}, 2}));
    EXPECT_THAT(a.exceptions, ElementsAre(Exception{EquipmentId{1}, 1, 1, State::cached},
                                          Exception{EquipmentId{2}, 1, 7, State::rejected},
                                          Exception{EquipmentId{3}, 1, 1, State::cached}));
    EXPECT_THAT(a.server_said, ElementsAre(std::pair("refused", "no"), std::pair("reset", "one of them")));
    EXPECT_THAT(a.errors, ElementsAre(std::pair("connect.refused", 4), std::pair("deliver.reset", 3)));
    EXPECT_EQ(a.connecting, 3s);
    EXPECT_EQ(a.counts.connected_max, 3u);
}

TEST(Merge, AddsPartByPartAndTheMeasuredOnesUp) {
    const auto result = [](std::uint64_t count, Nanos value) {
        Result made;
        made.parts.resize(3);
        made.parts[0].measure = arrival::Measure::off;
        for (auto& part : made.parts) {
            part.counts.generated = count + 4;
            part.counts.acknowledged = count;
            part.counts.rejected = 1;
            part.counts.discarded = 1;
            part.counts.cached = 1;
            part.counts.unacknowledged = 1;
            part.response.record(value, count);
            part.service.record(value / 2, count);
            part.lateness.record(value / 4, count);
        }
        add_up(made);
        return made;
    };
    auto a = result(5, 1ms);
    EXPECT_EQ(a.measured_generated, 18u);
    EXPECT_EQ(a.unanswered(), 8u);
    EXPECT_EQ(a.response.count(), 10u);
    const auto b = result(7, 2ms);
    merge(a, b);
    auto again = a;
    add_up(again);
    EXPECT_TRUE(again == a);
    EXPECT_EQ(a.parts[0].counts.generated, 20u);
    EXPECT_EQ(a.parts[0].counts.unacknowledged, 2u);
    EXPECT_EQ(a.parts[2].response.count(), 12u);
    EXPECT_EQ(a.service.count(), 24u);
    EXPECT_EQ(a.lateness.max(), 500us);
    Result nobody;
    merge(nobody, b);
    EXPECT_TRUE(nobody == b);
}

TEST(Merge, WhoEndedEarlierKeepsItsGaugesAndTheWiderWidthWins) {
    Result a;
    a.series.intervals = {{1, 1, 1, 0, 6, "", 4}};
    Result b;
    b.series.width = 2s;
    b.series.intervals = {{2, 2, 1, 1, 1, packed({1ms}), 1}, {3, 3, 2, 2, 2, ""}};
    merge(a, b);
    EXPECT_EQ(a.series.width, 2s);
    EXPECT_THAT(a.series.intervals,
                ElementsAre(Interval{3, 3, 2, 1, 7, packed({1ms}), 5}, Interval{3, 3, 3, 2, 8, ""}));
}

}  // namespace
}  // namespace portillon::fleet
