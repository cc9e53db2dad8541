#include "arrival/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "arrival/sample_stages.h"

namespace portillon::arrival {
namespace {

std::vector<Nanos> dues(const Schedule& schedule, std::uint32_t equipment, Nanos start = 0s) {
    std::vector<Nanos> all;
    for (auto cursor = schedule.begin(EquipmentId{equipment}, start); !cursor.ended(); schedule.advance(cursor)) {
        EXPECT_EQ(cursor.sequence(), all.size() + 1);
        all.push_back(cursor.due());
    }
    return all;
}

TEST(Schedule, PeriodicCountIsExactlyRateTimesDuration) {
    struct Row {
        const char* what;
        std::vector<Stage> stages;
        std::uint64_t count;
    };
    const Row rows[] = {
        {"steady", {step(30s, 10)}, 300},
        {"a rate no double holds", {step(30s, 0.1)}, 3},
        {"per minute", {step(1h, 7.0 / 60)}, 420},
        {"steps", {step(10s, 1), step(10s, 60), step(10s, 1)}, 620},
        {"ramp from zero", {ramp(60s, 0, 10)}, 300},
        {"ramp to zero", {ramp(60s, 10, 0)}, 300},
        {"ramp between", {step(10s, 1), ramp(10s, 1, 3), step(10s, 3)}, 60},
        {"a silence within", {step(5s, 2), step(100s, 0), step(5s, 2)}, 20},
        {"silence only", {step(5s, 0)}, 0},
        {"nothing", {}, 0},
        {"hours", {step(3h, 5)}, 54000},
    };
    for (const auto& row : rows) {
        const Schedule schedule({}, Stages(row.stages), 7);
        for (std::uint32_t equipment = 1; equipment <= 200; ++equipment) {
            EXPECT_EQ(schedule.planned_count(EquipmentId{equipment}, 0s), row.count) << row.what;
        }
        EXPECT_EQ(dues(schedule, 1).size(), row.count) << row.what;
    }
}

TEST(Schedule, PeriodicGapsAreEvenAndDoNotDrift) {
    const Schedule schedule({}, Stages({step(1h, 3)}), 1);
    const auto all = dues(schedule, 42);
    ASSERT_EQ(all.size(), 10800U);
    EXPECT_GE(all.front(), 0s);
    EXPECT_LT(all.front(), 333333334ns);
    for (std::size_t at = 0; at < all.size(); ++at) {
        const double expected = static_cast<double>(all.front().count()) + static_cast<double>(at) * 1e9 / 3;
        EXPECT_NEAR(static_cast<double>(all[at].count()), expected, 2);
    }
}

TEST(Schedule, PhasesFillTheIntervalAndDependOnTheSeed) {
    const Schedule one({}, Stages({step(1s, 1)}), 1);
    const Schedule two({}, Stages({step(1s, 1)}), 2);
    std::array<int, 10> tenths{};
    std::set<Nanos> distinct;
    for (std::uint32_t equipment = 1; equipment <= 10'000; ++equipment) {
        const auto due = one.begin(EquipmentId{equipment}, 0s).due();
        ++tenths[static_cast<std::size_t>(due / 100ms)];
        distinct.insert(due);
        EXPECT_NE(due, two.begin(EquipmentId{equipment}, 0s).due());
    }
    for (const int count : tenths) {
        EXPECT_NEAR(count, 1000, 120);
    }
    EXPECT_GT(distinct.size(), 9980U);
}

TEST(Schedule, NothingIsDueInASilence) {
    const Schedule schedule({}, Stages({step(5s, 2), step(100s, 0), step(5s, 2)}), 3);
    for (std::uint32_t equipment = 1; equipment <= 100; ++equipment) {
        for (const auto due : dues(schedule, equipment)) {
            EXPECT_TRUE(due < 5s || (due >= 105s && due < 110s)) << due.count();
        }
    }
}

TEST(Schedule, BeginsAtTheEquipmentsOwnStart) {
    const Schedule schedule({}, Stages({step(10s, 2), ramp(10s, 2, 4)}), 3);
    struct Row {
        Nanos start;
        std::uint64_t count;
    };
    for (const auto& row : {Row{0s, 50}, Row{5s, 40}, Row{10s, 30}, Row{20s, 0}, Row{25s, 0}}) {
        for (std::uint32_t equipment = 1; equipment <= 50; ++equipment) {
            const auto all = dues(schedule, equipment, row.start);
            EXPECT_EQ(all.size(), row.count) << row.start.count();
            EXPECT_EQ(schedule.planned_count(EquipmentId{equipment}, row.start), row.count);
            if (!all.empty()) {
                EXPECT_GE(all.front(), row.start);
                EXPECT_LT(all.front(), row.start + 500ms);
                EXPECT_LT(all.back(), 20s);
            }
        }
    }
}

TEST(Schedule, BurstsAreDueTogether) {
    const Schedule schedule({Kind::burst, 10}, Stages({step(30s, 10)}), 5);
    for (std::uint32_t equipment = 1; equipment <= 50; ++equipment) {
        const auto all = dues(schedule, equipment);
        ASSERT_EQ(all.size(), 300U);
        for (std::size_t at = 0; at < all.size(); ++at) {
            EXPECT_EQ(all[at], all[at - at % 10]);
            EXPECT_NEAR(seconds(all[at]), seconds(all[0]) + static_cast<double>(at / 10), 1e-8);
        }
    }
}

TEST(Schedule, PoissonHasTheRateAndTheSpreadOfPoisson) {
    const Schedule schedule({Kind::poisson, 1}, Stages({step(50s, 2), ramp(50s, 2, 0)}), 11);
    constexpr int equipments = 4000;  // mean 150 each; standard error of the mean sqrt(150 / 4000) = 0.19
    double sum = 0;
    double squares = 0;
    double early = 0;
    for (std::uint32_t equipment = 1; equipment <= equipments; ++equipment) {
        const auto count = static_cast<double>(schedule.planned_count(EquipmentId{equipment}, 0s));
        sum += count;
        squares += count * count;
        early += static_cast<double>(schedule.count_before(EquipmentId{equipment}, 0s, 50s));
    }
    const double mean = sum / equipments;
    EXPECT_NEAR(mean, 150, 0.8);
    EXPECT_NEAR(squares / equipments - mean * mean, 150, 15);
    EXPECT_NEAR(early / equipments, 100, 0.7);
}

TEST(Schedule, CountsBeforeAnyInstantAsACursorWould) {
    const std::vector<Stage> stages{step(3s, 2), ramp(5s, 2, 40), step(2s, 0), ramp(5s, 40, 0.5), step(4s, 0.5)};
    for (const auto& arrival : {Arrival{Kind::periodic, 1}, Arrival{Kind::burst, 7}, Arrival{Kind::poisson, 1}}) {
        const Schedule schedule(arrival, Stages(stages), 9);
        for (std::uint32_t equipment = 1; equipment <= 20; ++equipment) {
            for (const Nanos start : {Nanos{0s}, Nanos{1700ms}, Nanos{9s}}) {
                const auto all = dues(schedule, equipment, start);
                EXPECT_EQ(schedule.planned_count(EquipmentId{equipment}, start), all.size());
                std::vector<Nanos> instants{0s, 3s, 8s, 10s, 12345678901ns, 15s, 19s, 30s};
                for (const auto due : all) {
                    instants.insert(instants.end(), {due - 1ns, due, due + 1ns});
                }
                for (const auto t : instants) {
                    const auto counted = std::lower_bound(all.begin(), all.end(), t) - all.begin();
                    EXPECT_EQ(schedule.count_before(EquipmentId{equipment}, start, t),
                              static_cast<std::uint64_t>(counted));
                }
            }
        }
    }
}

TEST(Schedule, ACopiedCursorFindsTheSameDueTimes) {
    for (const auto kind : {Kind::periodic, Kind::poisson, Kind::burst}) {
        const Schedule schedule({kind, 3}, Stages({step(5s, 20), ramp(5s, 20, 1)}), 4);
        const Schedule again({kind, 3}, Stages({step(5s, 20), ramp(5s, 20, 1)}), 4);
        auto newest = schedule.begin(EquipmentId{8}, 1s);
        auto oldest = newest;
        std::vector<Cursor> seen;
        while (!newest.ended()) {
            seen.push_back(newest);
            schedule.advance(newest);
        }
        for (const auto& cursor : seen) {
            EXPECT_EQ(cursor, oldest);
            again.advance(oldest);
        }
        EXPECT_TRUE(oldest.ended());
        EXPECT_EQ(oldest, newest);
    }
}

TEST(Schedule, DueTimesNeverDecreaseAndStayWithinTheStages) {
    for (const auto kind : {Kind::periodic, Kind::poisson, Kind::burst}) {
        const Schedule schedule({kind, 4}, Stages({ramp(2s, 0, 5000), ramp(2s, 5000, 0), step(1s, 0), ramp(1s, 0, 3)}),
                                21);
        for (std::uint32_t equipment = 1; equipment <= 20; ++equipment) {
            Nanos last{0};
            for (const auto due : dues(schedule, equipment)) {
                EXPECT_GE(due, last);
                EXPECT_LT(due, 6s);
                last = due;
            }
        }
    }
}

TEST(Schedule, KnowsTheStageOfADueTime) {
    const Schedule schedule({}, Stages({{2s, 1, 1, Measure::off}, {2s, 1, 1, Measure::on}}), 1);
    for (auto cursor = schedule.begin(EquipmentId{1}, 0s); !cursor.ended(); schedule.advance(cursor)) {
        EXPECT_EQ(schedule.measure(cursor), cursor.due() < 2s ? Measure::off : Measure::on);
    }
}

TEST(Schedule, ClosedOnlyCounts) {
    const Schedule schedule({Kind::closed, 1}, Stages({step(2s, 0)}), 1);
    auto cursor = schedule.begin(EquipmentId{1}, 500ms);
    schedule.advance(cursor);
    EXPECT_EQ(cursor.sequence(), 2U);
    EXPECT_EQ(cursor.due(), 500ms);
    EXPECT_FALSE(cursor.ended());
    EXPECT_EQ(schedule.planned_count(EquipmentId{1}, 0s), 0U);
}

// These values are fixed: a change here would change what every report's seed reproduces.
TEST(Schedule, StaysTheSameFromVersionToVersion) {
    const Schedule periodic({}, Stages({step(10s, 1)}), 7);
    const Schedule poisson({Kind::poisson, 1}, Stages({step(10s, 1)}), 7);
    EXPECT_EQ(periodic.begin(EquipmentId{1}, 0s).due(), 245469003ns);
    EXPECT_EQ(poisson.begin(EquipmentId{1}, 0s).due(), 320738996ns);
}

}  // namespace
}  // namespace portillon::arrival
