// Batches of one equipment arrive in the order of their offers, and each answer finds its batch.

#include <algorithm>

#include "conformance/suite.h"
#include "conformance/test_bench.h"
#include "conformance/world.h"

namespace portillon::conformance {
namespace {

class Order : public Suite {
protected:
    static std::vector<Sequence> arrived(const TestBench& bench, std::uint32_t number) {
        std::vector<Sequence> firsts;
        for (const auto& each : bench.ingest.arrivals) {
            if (each.equipment == EquipmentId{number}) {
                firsts.push_back(each.first);
            }
        }
        return firsts;
    }
};
INSTANTIATE_TEST_SUITE_P(Drivers, Order, ::testing::ValuesIn(candidates()), name_of_candidate);

TEST_P(Order, BatchesArriveInTheOrderOfTheirOffers) {
    TestBench bench(candidate(), 100);
    for (std::uint32_t number = 1; number <= 3; ++number) {
        bench.equipment(number).open();
    }
    for (Sequence first = 1; first <= 300; first += 3) {
        for (std::uint32_t number = 1; number <= 3; ++number) {
            bench.equipment(number).offer(first, 3);
        }
        if (first % 5 == 0) {
            bench.pass(1ms);
        }
    }
    bench.pass(10s);
    for (std::uint32_t number = 1; number <= 3; ++number) {
        const auto firsts = arrived(bench, number);
        EXPECT_EQ(firsts.size(), 100u);
        EXPECT_TRUE(std::is_sorted(firsts.begin(), firsts.end()));
    }
}

TEST_P(Order, WhatIsOfferedTogetherTravelsTogether) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    bench.cable.writes.clear();
    equipment.offer_all(1, 5);
    EXPECT_TRUE(bench.cable.writes.empty()) << "not before the end of the turn";
    bench.pass(TestBench::latency);
    EXPECT_EQ(bench.cable.writes.size(), 1u);
    EXPECT_EQ(arrived(bench, 1), (std::vector<Sequence>{1, 2, 3, 4, 5}));
}

// The server decides about the last batch first.
TEST_P(Order, EachAnswerFindsItsBatch) {
    if (!acknowledges()) {
        GTEST_SKIP() << "there are no answers";
    }
    constexpr Sequence count = 6;
    const auto decided_after = [](Sequence first) { return 10ms * (count + 1 - first); };
    TestBench bench(candidate());
    bench.ingest.decide = [&](const auto& arrival) {
        return ScriptedIngest::Verdict{
            .disposition = arrival.first == 2 ? server::Disposition::refused : server::Disposition::accepted,
            .after = decided_after(arrival.first)};
    };
    if (manners().refused == driver::Answer::broken) {
        bench.ingest.decide = [&](const auto& arrival) {
            return ScriptedIngest::Verdict{.after = decided_after(arrival.first)};
        };
    }
    auto& equipment = bench.equipment();
    equipment.open();
    const Instant begin = bench.now();
    equipment.offer_all(1, count);
    bench.pass(1s);
    for (Sequence first = 1; first <= count; ++first) {
        SCOPED_TRACE(first);
        const bool refused = first == 2 && manners().refused != driver::Answer::broken;
        EXPECT_EQ(equipment.answered_with(first) == "acknowledged", !refused);
        const Nanos decided = decided_after(manners().answers == Manners::Answers::in_order ? 1 : first);
        const int round_trips = refused ? 1 : manners().round_trips;
        EXPECT_EQ(equipment.outcome(first).answered - begin, decided + round_trips * 2 * TestBench::latency);
    }
}

TEST_P(Order, WhatABreakTookWithItGoesAgainInOrder) {
    if (!acknowledges()) {
        GTEST_SKIP() << "what was sent is never offered again";
    }
    TestBench bench(candidate());
    bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = ScriptedIngest::never_decided}; };
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 4);
    bench.cable.cut();  // the batches are written, and never arrive
    bench.pass(20ms);
    bench.cable.reset();
    bench.pass_round_trips();
    EXPECT_TRUE(equipment.all_said(1, 4, "broken"));
    EXPECT_TRUE(bench.ingest.arrivals.empty());
    bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{}; };
    equipment.open();
    equipment.offer_all(1, 6);
    bench.pass_round_trips();
    EXPECT_TRUE(equipment.all_said(1, 6, "acknowledged"));
    EXPECT_EQ(arrived(bench, 1), (std::vector<Sequence>{1, 2, 3, 4, 5, 6}));
}

TEST_P(Order, NothingIsReorderedInAHealthyRun) {
    World world(candidate(), World::plan(candidate(), World::steady(20s, 25), 3),
                {{.kind = faults::Kind::latency, .at = 0s, .length = 20s, .delay = 5ms, .jitter = 200ms}}, 1ms);
    world.live();
    EXPECT_EQ(world.account().counts.reordered, 0u);
    EXPECT_EQ(world.account().counts.delivered, World::equipments * 500u);
}

TEST_P(Order, NothingIsReorderedThroughResetsWhenTheOrderIsStrict) {
    auto plan = World::plan(candidate(), World::steady(10s, 20));
    plan.delivery.order = plan::Order::strict;
    plan.delivery.retry = {.base = 1ms, .max = 20ms};
    World world(candidate(), plan, {{.kind = faults::Kind::reset, .at = 2s, .length = 6s, .every = 130ms}}, 3ms);
    const auto result = world.live();
    EXPECT_GE(result.counts.reconnects, World::equipments * 30u);
    EXPECT_EQ(world.account().counts.reordered, 0u);
    if (acknowledges()) {
        EXPECT_EQ(world.account().counts.delivered, result.counts.generated);
    }
}

}  // namespace
}  // namespace portillon::conformance
