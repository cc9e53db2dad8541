#include "arrival/stages.h"

#include <gtest/gtest.h>

#include <cmath>

#include "arrival/sample_stages.h"

namespace portillon::arrival {
namespace {

TEST(Stages, CountTheIntegralOfTheRate) {
    const Stages stages({step(10s, 2), ramp(10s, 2, 6), step(5s, 0), ramp(10s, 6, 0)});
    EXPECT_EQ(stages.duration(), 35s);
    EXPECT_DOUBLE_EQ(stages.total(), 20 + 40 + 0 + 30);
    EXPECT_DOUBLE_EQ(stages.peak_rate(), 6);
    struct Row {
        Nanos at;
        double count;
        double rate;
    };
    for (const auto& row :
         {Row{-1s, 0, 2}, Row{0s, 0, 2}, Row{5s, 10, 2}, Row{10s, 20, 2}, Row{15s, 35, 4}, Row{20s, 60, 0},
          Row{22s, 60, 0}, Row{25s, 60, 6}, Row{30s, 82.5, 3}, Row{35s, 90, 0}, Row{99s, 90, 0}}) {
        EXPECT_DOUBLE_EQ(stages.count_at(row.at), row.count) << row.at.count();
        EXPECT_DOUBLE_EQ(stages.rate_at(row.at), row.rate) << row.at.count();
    }
}

TEST(Stages, FindWhenACountIsReached) {
    const Stages stages({step(10s, 2), ramp(10s, 2, 6), step(5s, 0), ramp(10s, 6, 0)});
    struct Row {
        double count;
        Nanos at;
        std::uint32_t stage;
    };
    for (const auto& row :
         {Row{0, 0s, 0}, Row{10, 5s, 0}, Row{20, 10s, 1}, Row{35, 15s, 1}, Row{60, 25s, 3}, Row{82.5, 30s, 3}}) {
        const auto place = stages.place_of(row.count);
        EXPECT_EQ(place.at, row.at) << row.count;
        EXPECT_EQ(place.stage, row.stage) << row.count;
        EXPECT_EQ(stages.place_of(row.count, row.stage).at, row.at);
    }
    EXPECT_LT(stages.place_of(std::nextafter(90.0, 0.0)).at, 35s);
}

TEST(Stages, RoundTripThroughSteepAndFlatRamps) {
    for (const auto& [from, to] :
         {std::pair{0.0, 1e6}, {1e6, 0.0}, {1e-3, 1e-3 + 1e-12}, {0.0, 1e-3}, {1e5, 1e5 + 1}}) {
        const Stages stages({ramp(1h, from, to)});
        for (int part = 0; part < 1000; ++part) {
            const double count = stages.total() * part / 1000;
            const auto place = stages.place_of(count);
            // Rounded down: at `at` the count is not reached yet; one nanosecond and a rounding later it is.
            EXPECT_LE(stages.count_at(place.at), count * (1 + 1e-12) + 1e-12);
            EXPECT_GE(stages.count_at(place.at + 2ns), count * (1 - 1e-9));
        }
    }
}

TEST(Stages, MergeAdjacentMeasuredWindows) {
    const Stages stages({step(10s, 1, Measure::off), step(5s, 1), step(5s, 2), step(1s, 2, Measure::off), step(4s, 1)});
    EXPECT_EQ(stages.measured_windows(), (std::vector<Window>{{10s, 20s}, {21s, 25s}}));
    EXPECT_EQ(stages.measure_at(9999ms), Measure::off);
    EXPECT_EQ(stages.measure_at(10s), Measure::on);
    EXPECT_EQ(stages.measure_at(20s), Measure::off);
    EXPECT_EQ(stages.measure_at(25s), Measure::off);
    EXPECT_EQ(stages.measure_at(-1ns), Measure::off);
    EXPECT_TRUE(Stages({step(10s, 1, Measure::off)}).measured_windows().empty());
    EXPECT_TRUE(Stages({}).measured_windows().empty());
}

TEST(StagesDeathTest, RefuseWhatIsNoStage) {
    EXPECT_DEATH(Stages({step(0s, 1)}), "a stage lasts");
    EXPECT_DEATH(Stages({step(1s, -1)}), "not negative");
    EXPECT_DEATH(Stages({step(1s, 1)}).place_of(1), "reach");
}

}  // namespace
}  // namespace portillon::arrival
