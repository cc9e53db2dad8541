#include "run/phases.h"

#include <gtest/gtest.h>

namespace portillon::run {
namespace {

using Acknowledges = driver::Traits::Acknowledges;

// Two equipments, 10/s: sequences 1..20 of each are warm-up, 21..50 steady, 51..100 peak.
struct PhaseScene {
    PhaseScene() {
        scenario.lot().fleet.equipments = 2;
        scenario.lot().traffic.stages = {{2s, Rate{10}, scenario::Shape::step, arrival::Measure::off, "warm-up"},
                                         {3s, Rate{10}},
                                         {5s, Rate{10}, scenario::Shape::step, arrival::Measure::on, "peak"}};
        fleet.generated = {{EquipmentId{1}, 100}, {EquipmentId{2}, 100}};
        fleet.parts.resize(3);
        fleet.parts[0].measure = arrival::Measure::off;
        const std::uint64_t generated[] = {40, 60, 100};
        for (std::size_t i = 0; i < 3; ++i) {
            auto& part = fleet.parts[i];
            part.counts.generated = part.counts.acknowledged = generated[i];
            part.response.record(Nanos{1ms} * (i + 1), generated[i]);
            part.service = part.lateness = part.response;
        }
        add_up(fleet);
        ledger.segments.resize(3);
        for (std::size_t i = 0; i < 3; ++i) {
            ledger.segments[i].end_to_end.record(1ms, generated[i]);
        }
    }

    std::vector<report::Phase> phases(Nanos generating = 10s, Acknowledges acknowledges = Acknowledges::yes) const {
        return phases_of(scenario, fleet, &ledger, &sets, acknowledges, generating);
    }

    scenario::Scenario scenario;
    fleet::Result fleet;
    LedgerAccount ledger;
    Reconciled sets;
};

TEST(Phases, AreTheStages) {
    const PhaseScene scene;
    const auto phases = scene.phases();
    ASSERT_EQ(phases.size(), 3U);
    EXPECT_EQ(phases[0].name, "warm-up");
    EXPECT_EQ(phases[1].name, "stage 2");
    EXPECT_EQ(phases[2].name, "peak");
    EXPECT_FALSE(phases[0].measured);
    EXPECT_TRUE(phases[1].measured);
    EXPECT_EQ(phases[1].from_s, 2);
    EXPECT_EQ(phases[1].to_s, 5);
    EXPECT_EQ(phases[1].counts.generated, 60U);
    EXPECT_EQ(phases[1].counts.delivered, 60U);
    EXPECT_EQ(phases[1].counts.lost, 0U);
    EXPECT_EQ(phases[1].counts.unconfirmed, 0U);
    EXPECT_EQ(phases[1].counts.duplicated, 0U);
    EXPECT_EQ(phases[1].throughput.due_per_s, 20);
    EXPECT_EQ(phases[1].throughput.acknowledged_per_s, 20);
    EXPECT_EQ(phases[1].throughput.delivered_per_s, 20);
    EXPECT_EQ(phases[1].latency.response->histogram.max(), Nanos{2ms});
    EXPECT_EQ(phases[1].latency.end_to_end->histogram.count(), 60U);
    EXPECT_FALSE(phases[1].latency.connect);
    stats::Histogram measured = phases[1].latency.response->histogram;
    measured.merge(phases[2].latency.response->histogram);
    EXPECT_TRUE(measured == scene.fleet.response);
}

TEST(Phases, GetTheExceptionsThatWereDueInThem) {
    PhaseScene scene;
    scene.fleet.parts[1].counts.acknowledged = 56;
    scene.fleet.parts[1].counts.rejected = 4;
    scene.fleet.parts[2].counts.acknowledged = 88;
    scene.fleet.parts[2].counts.cached = 10;
    scene.fleet.parts[2].counts.unacknowledged = 2;
    scene.sets.undelivered = {{EquipmentId{1}, 15, 23}, {EquipmentId{2}, 50, 59}};
    scene.sets.lost = {{EquipmentId{1}, 15, 20}};
    scene.ledger.reordered_ranges = {{EquipmentId{2}, 3, 3}, {EquipmentId{2}, 100, 100}};
    scene.ledger.counts.duplicated = 9;
    scene.ledger.segments[0].duplicated = 2;
    scene.ledger.segments[2].duplicated = 7;
    const auto phases = scene.phases();
    EXPECT_EQ(phases[0].counts.undelivered, 6U);
    EXPECT_EQ(phases[1].counts.undelivered, 4U);
    EXPECT_EQ(phases[2].counts.undelivered, 9U);
    EXPECT_EQ(phases[0].counts.lost, 6U);
    EXPECT_EQ(phases[1].counts.lost, 0U);
    EXPECT_EQ(phases[1].counts.unconfirmed, 0U);
    EXPECT_EQ(phases[2].counts.unconfirmed, 91U - 88U);
    EXPECT_EQ(phases[0].counts.reordered, 1U);
    EXPECT_EQ(phases[1].counts.reordered, 0U);
    EXPECT_EQ(phases[2].counts.reordered, 1U);
    EXPECT_EQ(phases[0].counts.duplicated, 2U);
    EXPECT_EQ(phases[2].counts.duplicated, 7U);
    EXPECT_EQ(phases[2].counts.unacknowledged, 2U);
    EXPECT_EQ(phases[2].counts.cached, 10U);
    EXPECT_EQ(phases[1].latency.response->unanswered, 4U);
}

TEST(Phases, EndWhereTheRunWasInterrupted) {
    const auto phases = PhaseScene().phases(4s);
    EXPECT_EQ(phases[0].to_s, 2);
    EXPECT_EQ(phases[1].from_s, 2);
    EXPECT_EQ(phases[1].to_s, 4);
    EXPECT_EQ(phases[1].throughput.due_per_s, 30);
    EXPECT_EQ(phases[2].from_s, 5);
    EXPECT_EQ(phases[2].to_s, 5);
    EXPECT_FALSE(phases[2].throughput.due_per_s);
}

TEST(Phases, LeaveOutWhatNobodyKnows) {
    PhaseScene scene;
    const auto blind = phases_of(scene.scenario, scene.fleet, nullptr, nullptr, Acknowledges::yes, 10s);
    EXPECT_FALSE(blind[1].counts.delivered);
    EXPECT_FALSE(blind[1].counts.lost);
    EXPECT_FALSE(blind[1].counts.reordered);
    EXPECT_FALSE(blind[1].counts.duplicated);
    EXPECT_FALSE(blind[1].latency.end_to_end);
    EXPECT_FALSE(blind[1].throughput.delivered_per_s);
    EXPECT_TRUE(blind[1].latency.response);

    scene.ledger.segments.clear();  // a server that knows no segments
    EXPECT_FALSE(scene.phases()[1].latency.end_to_end);
    EXPECT_FALSE(scene.phases()[1].counts.duplicated);
    EXPECT_EQ(scene.phases()[1].counts.lost, 0U);

    const auto silent = PhaseScene().phases(10s, Acknowledges::no);
    EXPECT_FALSE(silent[1].latency.response);
    EXPECT_FALSE(silent[1].latency.service);
    EXPECT_FALSE(silent[1].counts.lost);
    EXPECT_FALSE(silent[1].throughput.acknowledged_per_s);
    EXPECT_TRUE(silent[1].latency.lateness);

    scene.fleet.parts.clear();
    EXPECT_TRUE(scene.phases().empty());
}

TEST(Phases, DoNotTellCopiesApartThatTheWholeDoesNotCount) {
    PhaseScene scene;
    scene.ledger.counts.duplicated = 1;  // a shard died, and its equipments are left out
    scene.ledger.segments[1].duplicated = 5;
    EXPECT_FALSE(scene.phases()[1].counts.duplicated);
    EXPECT_TRUE(scene.phases()[1].latency.end_to_end);
}

}  // namespace
}  // namespace portillon::run
