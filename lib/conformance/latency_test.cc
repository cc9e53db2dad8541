// The measured times are the delays that the test made, to the nanosecond.

#include <initializer_list>

#include "conformance/suite.h"
#include "conformance/test_bench.h"
#include "conformance/world.h"

namespace portillon::conformance {
namespace {

class Latency : public Suite {};
INSTANTIATE_TEST_SUITE_P(Drivers, Latency, ::testing::ValuesIn(candidates()), name_of_candidate);

TEST_P(Latency, IsTheServersTimeAndTheRoundTrips) {
    if (!acknowledges()) {
        GTEST_SKIP() << "there are no answers";
    }
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    Sequence first = 1;
    for (const Nanos servers_time : std::initializer_list<Nanos>{0ns, 1ns, 999us, 30ms, 4s}) {
        SCOPED_TRACE(format_duration(servers_time));
        bench.ingest.decide = [&](const auto&) { return ScriptedIngest::Verdict{.after = servers_time}; };
        const Instant offered = bench.now();
        equipment.offer(first);
        bench.pass(10s);
        const auto& outcome = equipment.outcome(first++);
        EXPECT_EQ(outcome.sent, offered);
        EXPECT_EQ(outcome.answered - outcome.sent, servers_time + manners().round_trips * 2 * TestBench::latency);
    }
}

TEST_P(Latency, OfEachBatchBeginsWithItsOwnWrite) {
    TestBench bench(candidate());
    bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 30ms}; };
    auto& equipment = bench.equipment();
    equipment.open();
    std::vector<Instant> offered;
    for (Sequence first = 1; first <= 5; ++first) {
        offered.push_back(bench.now());
        equipment.offer(first);
        bench.pass(7ms);
    }
    bench.pass(1s);
    for (Sequence first = 1; first <= 5; ++first) {
        EXPECT_EQ(equipment.outcome(first).sent, offered[first - 1]);
        const auto& arrival = bench.ingest.arrivals.at(first - 1);
        EXPECT_EQ(arrival.first, first);
        EXPECT_EQ(arrival.at - equipment.outcome(first).sent, TestBench::latency);
    }
}

// A batch that waits for its turn is not in flight: its wait is the equipment's lateness, and no time of the server's.
TEST_P(Latency, DoesNotHoldTheWaitForTheServersWindow) {
    if (manners().held_back_by != Manners::HeldBackBy::window) {
        GTEST_SKIP() << "the server names no number of batches";
    }
    server::Limits limits;
    limits.streams = 2;
    TestBench bench(candidate(), 8, limits);
    bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 30ms}; };
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 6);
    bench.pass(1s);
    EXPECT_TRUE(equipment.all_said(1, 6, "acknowledged"));
    for (Sequence first = 3; first <= 6; ++first) {
        EXPECT_EQ(equipment.outcome(first).sent, equipment.outcome(first - 2).answered);
    }
    for (Sequence first = 1; first <= 6; ++first) {
        EXPECT_EQ(equipment.outcome(first).answered - equipment.outcome(first).sent,
                  30ms + manners().round_trips * 2 * TestBench::latency);
    }
}

TEST_P(Latency, OfARetryIsThatOfTheAttemptThatWasAnswered) {
    if (!acknowledges()) {
        GTEST_SKIP() << "there are no answers";
    }
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    bench.cable.cut();
    equipment.offer(1);
    bench.pass(2s);
    equipment.abandon(1);
    bench.cable.mend();
    bench.pass_round_trips();
    if (!equipment.is_open()) {
        equipment.open();
    }
    const Instant again = bench.now();
    equipment.offer(1);
    bench.pass_round_trips();
    EXPECT_EQ(equipment.answered_with(1), "acknowledged");
    EXPECT_EQ(equipment.outcome(1).sent, again);
    EXPECT_LE(equipment.outcome(1).answered - again, 2 * 2 * TestBench::latency);
}

TEST_P(Latency, OfADelayedServerIsTheDelay) {
    World world(candidate(), World::plan(candidate(), World::steady(20s, 10)));
    world.set_fault({.kind = server::FaultKind::delay, .at = world.t0() - 1s, .delay = 23ms, .run = {}});
    const auto result = world.live();
    stats::Histogram expected;
    expected.record(23ms, World::equipments * 200u);
    EXPECT_EQ(world.end_to_end(), expected);
    if (acknowledges()) {
        EXPECT_EQ(result.service, expected);
        EXPECT_EQ(result.response, expected);
    }
}

TEST_P(Latency, HoldsWhatACoordinatedGeneratorWouldOmit) {
    const auto schedule = World::steady(40s, 25);
    World world(candidate(), World::plan(candidate(), schedule));
    stats::Histogram expected;
    for (const Nanos at : {5s, 15s, 25s, 35s}) {
        world.set_fault({.kind = server::FaultKind::stall, .at = world.t0() + at, .length = 1s, .run = {}});
    }
    for (std::uint32_t id = 1; id <= World::equipments; ++id) {
        for (auto cursor = schedule.begin(EquipmentId{id}, 0ns); !cursor.ended(); schedule.advance(cursor)) {
            const Nanos into = cursor.due() % 10s - 5s;
            expected.record(into >= 0s && into < 1s ? 1s - into : 0s);
        }
    }
    const auto result = world.live();
    EXPECT_EQ(result.counts.generated, 20'000u);
    EXPECT_EQ(world.end_to_end(), expected);
    EXPECT_EQ(*result.generator_lag.max(), 0ns);
    if (!acknowledges()) {
        EXPECT_TRUE(result.response.empty());
        EXPECT_EQ(result.unanswered(), 20'000u);
        return;
    }
    EXPECT_EQ(result.counts.acknowledged, 20'000u);
    EXPECT_EQ(result.unanswered(), 0u);
    EXPECT_EQ(result.response, expected);
    // The same in figures, to within half of an equipment's gap of 40 ms.
    EXPECT_NEAR(seconds(*result.response.percentile(95)), 0.5, 0.02);
    EXPECT_NEAR(seconds(*result.response.percentile(99)), 0.9, 0.02);
    EXPECT_NEAR(seconds(*result.response.max()), 1.0, 0.02);
    EXPECT_LE(*result.response.percentile(50), 1us);
}

TEST_P(Latency, GrowsWhileNothingIsAnsweredAndEveryValidationIsStillMade) {
    World world(candidate(), World::plan(candidate(), World::steady(20s, 5)));
    world.set_fault({.kind = server::FaultKind::stall, .at = world.t0() + 2s, .length = 10s, .run = {}});
    const auto result = world.live();
    EXPECT_EQ(result.counts.generated, World::equipments * 100u);
    EXPECT_EQ(result.counts.acknowledged, acknowledges() ? World::equipments * 100u : 0u);
    EXPECT_EQ(result.counts.retries, 0u);
    EXPECT_NEAR(seconds(*world.end_to_end().max()), 10, 0.2);
    if (acknowledges()) {
        EXPECT_NEAR(seconds(*result.response.max()), 10, 0.2);
    }
}

}  // namespace
}  // namespace portillon::conformance
