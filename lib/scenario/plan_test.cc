#include "scenario/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "scenario/compress.h"

namespace portillon::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr plan::Machine machine{20'000, 2, 28'000};

Scenario steady(std::uint32_t equipments, double rate, Nanos duration) {
    Scenario scenario;
    scenario.lot().fleet.equipments = equipments;
    scenario.lot().traffic.stages = {{duration, Rate{rate}, Shape::step, arrival::Measure::on}};
    return scenario;
}

Plan plan_of(const Scenario& scenario) {
    return plan(scenario, 1, plan::Server::embedded, machine);
}

TEST(Plan, CountsWhatTheSchedulesMake) {
    for (const auto kind : {arrival::Kind::periodic, arrival::Kind::poisson, arrival::Kind::burst}) {
        auto scenario = steady(50, 3, 20s);
        scenario.lot().traffic.stages.push_back({13s, Rate{11}, Shape::ramp, arrival::Measure::off});
        scenario.lot().traffic.arrival = {kind, 4};
        scenario.lot().fleet.start = plan::StartBySteps{7, 2500ms};
        const auto planned = plan_of(scenario);
        const auto schedule = schedule_of(scenario);
        std::vector<std::uint64_t> due(planned.rows.size());
        for (std::uint32_t id = 1; id <= 50; ++id) {
            auto cursor = schedule.begin(EquipmentId{id}, plan::start_of(scenario.lot().fleet.start, EquipmentId{id}));
            for (; !cursor.ended(); schedule.advance(cursor)) {
                std::size_t row = 0;
                while (planned.rows[row].to <= cursor.due()) {
                    ++row;
                }
                ++due[row];
            }
        }
        ASSERT_EQ(planned.counting, Counting::exact);
        for (std::size_t at = 0; at < due.size(); ++at) {
            EXPECT_EQ(planned.rows[at].validations, due[at]) << at;
        }
        EXPECT_EQ(planned.validations, std::accumulate(due.begin(), due.end(), std::uint64_t{0}));
        EXPECT_EQ(planned.payload.count, planned.validations * 100);
        EXPECT_EQ(planned.measured, 20s);
    }
}

TEST(Plan, IsExactForPeriodicArrivals) {
    const auto planned = plan_of(steady(1000, 10, 30s));
    EXPECT_EQ(planned.validations, 300'000U);
    EXPECT_EQ(planned.fewest, 300U);
    EXPECT_EQ(planned.most, 300U);
    EXPECT_DOUBLE_EQ(planned.peak_per_s, 10'000);
    EXPECT_EQ(planned.connecting, 100ms);
    EXPECT_EQ(planned.rows.front().dialled, 1000U);
    EXPECT_THAT(planned.warnings, IsEmpty());
}

TEST(Compress, DividesWhatLiesOnTheRunsClock) {
    auto scenario = steady(10, 1, 600s);
    scenario.lot().fleet.start = plan::StartBySteps{1, 60s};
    scenario.faults = {{FaultKind::stall, 300s, 30s, 0s, 0}};
    scenario.thresholds = {{"response", "p(95)<50ms", 0, Threshold::Breach::aborts, 120s}};
    const auto timeout = scenario.lot().delivery.timeout;
    compress(scenario, 60);
    EXPECT_EQ(scenario.lot().traffic.stages[0].duration, 10s);
    EXPECT_EQ(std::get<plan::StartBySteps>(scenario.lot().fleet.start).every, 1s);
    EXPECT_EQ(scenario.faults[0], (Fault{FaultKind::stall, 5s, 500ms, 0s, 0}));
    EXPECT_EQ(scenario.thresholds[0].abort_not_before, 2s);
    EXPECT_EQ(scenario.lot().delivery.timeout, timeout);
}

TEST(Plan, ShowsEquipmentsWhenTheyStart) {
    auto scenario = steady(50'000, 0.1, 15'000s);
    scenario.lot().fleet.start = plan::StartBySteps{1000, 300s};
    compress(scenario, 60);
    const auto planned = plan_of(scenario);
    ASSERT_LE(planned.rows.size(), 30U);
    EXPECT_EQ(planned.rows.front().from, 0s);
    std::uint32_t started = 0;
    std::uint32_t dialled = 0;
    for (const auto& row : planned.rows) {
        started += row.started;
        dialled += row.dialled;
    }
    EXPECT_EQ(started, 50'000U);
    EXPECT_EQ(dialled, 50'000U);
    EXPECT_DOUBLE_EQ(planned.peak_per_s, 5000);
    EXPECT_EQ(planned.peak_at, 245s);
}

TEST(Plan, FindsThePeakOfARampUnderAGrowingFleet) {
    auto scenario = steady(3, 0, 10s);
    scenario.lot().traffic.stages.push_back({10s, Rate{10}, Shape::ramp, arrival::Measure::on});
    scenario.lot().traffic.stages.push_back({10s, Rate{0}, Shape::ramp, arrival::Measure::on});
    scenario.lot().fleet.start = plan::StartBySteps{1, 12500ms};
    const auto planned = plan_of(scenario);
    EXPECT_DOUBLE_EQ(planned.peak_per_s, 20);  // two equipments at 10/s, rather than three at 5/s
    EXPECT_EQ(planned.peak_at, 20s);
}

TEST(Plan, ExpectsWhatItCannotDraw) {
    auto scenario = steady(50'000, 10, 1h);
    scenario.lot().traffic.arrival.kind = arrival::Kind::poisson;
    const auto planned = plan_of(scenario);
    EXPECT_EQ(planned.counting, Counting::expected);
    EXPECT_EQ(planned.validations, 1'800'000'000U);
}

TEST(Plan, DoesNotGuessAtClosedArrivals) {
    auto scenario = steady(10, 1, 5s);
    scenario.lot().traffic.arrival.kind = arrival::Kind::closed;
    const auto planned = plan_of(scenario);
    EXPECT_EQ(planned.counting, Counting::unknown);
    EXPECT_EQ(planned.validations, 0U);
    EXPECT_THAT(planned.warnings, ElementsAre(HasSubstr("closed arrivals ignore the rates")));
}

TEST(Plan, WarnsOfWhatWillNotWork) {
    struct Row {
        Scenario scenario;
        const char* warning;
    };
    std::vector<Row> rows;
    rows.push_back({steady(100, 1, 10s), "the stages end at 10s, before the last equipment starts at 49s: 80 of 100"});
    rows.back().scenario.lot().fleet.start = plan::StartBySteps{2, 1s};
    rows.push_back({steady(1000, 1, 10s), "connecting 1,000 equipments at 10/s takes 100 s"});
    rows.back().scenario.lot().fleet.start = plan::StartByRate{Rate{10}, 60s};
    rows.push_back({steady(1, 100, 10s), "window (1 batches of 1) is full after 10.0 ms"});
    rows.back().scenario.lot().delivery.in_flight = 1;
    rows.push_back({steady(1, 1, 10s), "delivery.batch.linger: has no effect"});
    rows.back().scenario.lot().delivery.batch.linger = 1s;
    rows.push_back({steady(1, 1, 10s), "gRPC receivers take 4 MB"});
    rows.back().scenario.lot().delivery.batch.max = 10'000;
    rows.back().scenario.lot().traffic.payload.bytes = Bytes{1000};
    rows.push_back({steady(1, 0, 10s), "every rate is 0"});
    rows.push_back({steady(50'000, 60, 10s), "cores of work"});
    rows.push_back({steady(1, 1, 10s), "faults.0: begins at 10s, after the end"});
    rows.back().scenario.faults = {{FaultKind::stall, 10s, 1s, 0s, 0}};
    rows.push_back({steady(1, 1, 10s), "faults.0: ends at 20s, after the drain at 15s"});
    rows.back().scenario.lot().delivery.drain = 5s;
    rows.back().scenario.faults = {{FaultKind::cut, 5s, 15s}};
    rows.push_back({steady(1, 1, 10s), "faults.0: goes unnoticed by http2"});
    rows.back().scenario.lot().protocol = "http2";
    rows.back().scenario.protocols = {{"http2", {{"keepalive", "0s"}}}};
    rows.back().scenario.faults = {{FaultKind::half_open, 5s}};
    rows.push_back({steady(3, 1, 10s), "faults.0: hits no equipment: 0.01% of 3 equipments"});
    rows.back().scenario.faults = {{.kind = FaultKind::cut, .at = 5s, .during = 1s, .share_percent = 0.01}};
    for (const auto& row : rows) {
        EXPECT_THAT(plan_of(row.scenario).warnings, testing::Contains(HasSubstr(row.warning)));
    }
}

TEST(Plan, ShowsTheFaultsInTheOrderOfTime) {
    auto scenario = steady(1'000, 1, 60s);
    EXPECT_EQ(fault_lines(scenario), "");
    scenario.faults = {{.kind = FaultKind::flapping, .at = 30s, .during = 20s, .up = 2s, .down = 1s},
                       {FaultKind::lose, 10s, 0s, 0s, 137},
                       {.kind = FaultKind::cut, .at = 20s, .during = 5s, .share_percent = 20, .first = 1, .last = 500},
                       {.kind = FaultKind::slow_read, .at = 40s, .during = 1s, .rate = Bytes{10'000}}};
    EXPECT_EQ(fault_lines(scenario),
              "\n       from .. to   fault\n"
              "              10s   lose 137, on the server\n"
              "       20s .. 25s   cut, 88 of 1000 equipments\n"
              "       30s .. 50s   flapping up 2s down 1s, 1000 of 1000 equipments\n"
              "       40s .. 41s   slow_read 10.0 kB/s, 1000 of 1000 equipments\n");
}

TEST(Plan, KeepsToTheRowsItMayHave) {
    for (const Nanos duration : {Nanos{1ns}, Nanos{1s}, Nanos{29s}, Nanos{30s}, Nanos{1h}, Nanos{24h * 365}}) {
        const auto planned = plan_of(steady(1, 0.001, duration));
        EXPECT_LE(planned.rows.size(), 30U);
        EXPECT_EQ(planned.rows.back().to, duration);
        for (std::size_t at = 1; at < planned.rows.size(); ++at) {
            EXPECT_EQ(planned.rows[at].from, planned.rows[at - 1].to);
        }
    }
}

}  // namespace
}  // namespace portillon::scenario
