// Every batch is settled exactly once, and whole runs balance to the validation.

#include <algorithm>
#include <cstdlib>

#include "base/random.h"
#include "conformance/suite.h"
#include "conformance/test_bench.h"
#include "conformance/world.h"

namespace portillon::conformance {
namespace {

class Accounting : public Suite {
protected:
    // A server and a network that misbehave at random, and equipments that act at random.
    void survive(std::uint64_t seed);
};
INSTANTIATE_TEST_SUITE_P(Drivers, Accounting, ::testing::ValuesIn(candidates()), name_of_candidate);

TEST_P(Accounting, TraitsSayWhatIsSo) {
    TestBench bench(candidate());
    const auto traits = bench.driver().traits();
    EXPECT_EQ(traits.acknowledges, candidate().driver.traits(candidate().options).acknowledges);
    auto& equipment = bench.equipment();
    equipment.open();
    EXPECT_EQ(bench.cable.living(), traits.descriptors_per_session);
    equipment.offer(1);
    bench.pass_round_trips();
    EXPECT_EQ(equipment.answered_with(1),
              traits.acknowledges == driver::Traits::Acknowledges::yes ? "acknowledged" : "sent");
}

TEST_P(Accounting, SettlesEachBatchOnceAndDeliversWhatItHolds) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer(1, 3);
    equipment.offer(4);
    equipment.offer(5, 60);
    bench.pass(1h);
    EXPECT_EQ(equipment.settlements.size(), 3u);
    for (const Sequence first : {1u, 4u, 5u}) {
        EXPECT_EQ(equipment.answered_with(first), good());
        EXPECT_EQ(bench.ingest.times(first), 1u);
    }
    EXPECT_EQ(bench.ingest.arrivals.at(2).count, 60u);
    EXPECT_TRUE(equipment.breaks.empty()) << equipment.breaks.front();
}

TEST_P(Accounting, TakesWhatIsOfferedFromWithinSettled) {
    TestBench bench(candidate(), 2);
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.on_settled = [&](Sequence first) {
        if (first < 100) {
            equipment.offer(first + 1);
        }
    };
    equipment.offer(1);
    bench.pass(1s);
    EXPECT_EQ(equipment.settlements.size(), 100u);
    EXPECT_EQ(bench.ingest.arrivals.size(), 100u);
}

TEST_P(Accounting, TakesABatchAgainThatWasSettled) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    for (int attempt = 1; attempt <= 3; ++attempt) {
        equipment.offer(1);
        bench.pass_round_trips();
    }
    EXPECT_EQ(equipment.settlements.size(), 3u);
    EXPECT_EQ(bench.ingest.times(1), 3u);
}

void Accounting::survive(std::uint64_t seed) {
    SCOPED_TRACE(::testing::Message() << "PORTILLON_SEED=" << seed);
    Random random(seed);
    const auto count_of = [](Sequence first) { return static_cast<std::uint32_t>(1 + first % 3); };
    const auto below = [&random](std::uint64_t end) { return random.next() % end; };
    const auto in_flight = static_cast<std::uint32_t>(1 + below(16));
    server::Limits limits;
    limits.streams = static_cast<std::uint32_t>(1 + below(8));
    TestBench bench(candidate(), in_flight, limits);
    bench.ingest.decide = [&](const auto&) -> ScriptedIngest::Verdict {
        const Nanos after = 1ms * below(50);
        switch (below(12)) {
            case 0:
                return {.disposition = server::Disposition::malformed};
            case 1:
                return {.disposition = server::Disposition::refused, .after = after};
            case 2:
                return {.disposition = server::Disposition::refused, .retry_after = 70ms, .after = after};
            case 3:
                return {.after = ScriptedIngest::never_decided};
            default:
                return {.after = after};
        }
    };
    constexpr std::uint32_t fleet = 3;
    Sequence next[fleet + 1] = {1, 1, 1, 1};
    for (int step = 0; step < 400; ++step) {
        const auto number = static_cast<std::uint32_t>(1 + below(fleet));
        auto& equipment = bench.equipment(number);
        if (equipment.is_at_rest()) {
            equipment.begin_to_open(1ms * (1 + below(200)));
        } else if (equipment.is_open()) {
            const auto busy = equipment.firsts_in_flight();
            switch (below(16)) {
                case 0:
                    equipment.begin_to_close(1ms * below(20));
                    break;
                case 1:
                    if (!busy.empty()) {
                        equipment.abandon(busy[below(busy.size())]);
                    }
                    break;
                case 2:
                    if (!equipment.settlements.empty() && busy.size() < in_flight) {  // as a fleet would: again
                        const auto& settled = equipment.settlements[below(equipment.settlements.size())];
                        if (std::find(busy.begin(), busy.end(), settled.first) == busy.end()) {
                            equipment.offer(settled.first, count_of(settled.first));
                        }
                    }
                    break;
                default:
                    if (busy.size() < in_flight) {
                        equipment.offer(next[number], count_of(next[number]));
                        next[number] += 3;
                    }
            }
        }
        switch (below(40)) {
            case 0:
                bench.cable.reset();
                break;
            case 1:
                bench.cable.cut();
                break;
            case 2:
                bench.cable.cut_answers();
                break;
            case 3:
                bench.cable.block();
                break;
            case 4:
                bench.cable.lose_the_far_end();
                break;
            case 5:
            case 6:
            case 7:
                bench.cable.mend();
                bench.cable.unblock();
                break;
            default:
                bench.pass(1ms * below(20));
        }
    }
    bench.cable.mend();
    bench.cable.unblock();
    bench.pass(1s);
    for (std::uint32_t number = 1; number <= fleet; ++number) {
        auto& equipment = bench.equipment(number);
        for (const Sequence first : equipment.firsts_in_flight()) {
            equipment.abandon(first);
        }
        bench.pass(1s);
        EXPECT_EQ(equipment.in_flight(), 0u);
    }
}

TEST_P(Accounting, SettlesEachBatchOnceWhateverHappens) {
    if (const char* seed = std::getenv("PORTILLON_SEED"); seed != nullptr) {
        survive(std::strtoull(seed, nullptr, 10));
        return;
    }
    for (std::uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
        survive(seed);
    }
}

TEST_P(Accounting, BalancesAHealthyRun) {
    for (const std::uint32_t batch : {1u, 7u}) {
        World world(candidate(), World::plan(candidate(), World::steady(30s, 10), batch), {}, 1ms);
        const auto result = world.live();
        const std::uint64_t all = World::equipments * 300u;
        EXPECT_EQ(result.counts.generated, all);
        EXPECT_EQ(result.counts.acknowledged, acknowledges() ? all : 0u);
        EXPECT_EQ(result.counts.unacknowledged, acknowledges() ? 0u : all);
        EXPECT_EQ(result.counts.retries, 0u);
        EXPECT_EQ(result.counts.sent_batches, World::equipments * ((300u + batch - 1) / batch));
        EXPECT_EQ(world.account().counts.delivered, all);
        EXPECT_EQ(world.account().counts.duplicated, 0u);
        EXPECT_TRUE(result.errors.empty()) << result.errors.begin()->first;
        EXPECT_EQ(result.counts.connects, World::equipments);
    }
}

TEST_P(Accounting, NamesExactlyWhatWasLostDuplicatedAndSwapped) {
    using server::FaultKind;
    for (const std::uint32_t batch : {1u, 7u}) {
        World world(candidate(), World::plan(candidate(), World::steady(30s, 10), batch));
        world.set_fault({.kind = FaultKind::lose, .at = world.t0() + 1s, .count = 137, .run = World::run});
        world.set_fault({.kind = FaultKind::duplicate, .at = world.t0() + 2s, .count = 20, .run = World::run});
        world.set_fault({.kind = FaultKind::swap, .at = world.t0() + 3s, .count = 11, .run = World::run});
        const auto result = world.live();
        const std::uint64_t all = World::equipments * 300u;
        EXPECT_EQ(result.counts.acknowledged, acknowledges() ? all : 0u);
        EXPECT_EQ(world.missing(), 137u) << "batches of " << batch;
        EXPECT_EQ(world.lost(result), acknowledges() ? 137u : 0u);
        EXPECT_EQ(world.account().counts.delivered, all - 137);
        EXPECT_EQ(world.account().counts.duplicated, 20u);
        EXPECT_EQ(world.account().counts.reordered, 11u);
    }
}

TEST_P(Accounting, LosesNothingThatWasAcknowledgedWhileConnectionsBreak) {
    auto plan = World::plan(candidate(), World::steady(10s, 20));
    plan.delivery.retry = {.base = 1ms, .max = 20ms};
    World world(candidate(), plan,
                {{.kind = faults::Kind::reset, .at = 2s, .length = 6s, .every = 100ms},
                 {.number = 1, .kind = faults::Kind::latency, .at = 0s, .length = 10s, .delay = 2ms, .jitter = 10ms}},
                3ms);
    const auto result = world.live();
    EXPECT_GE(world.injected().at(0).connections, World::equipments * 20u);
    EXPECT_GE(result.counts.reconnects, World::equipments * 20u);
    EXPECT_EQ(world.lost(result), 0u);
    if (acknowledges()) {
        EXPECT_EQ(result.counts.acknowledged, result.counts.generated);
        EXPECT_EQ(world.missing(), 0u);
        EXPECT_GT(result.counts.retries, 0u);
    } else {
        EXPECT_EQ(result.counts.unacknowledged, result.counts.generated);
    }
    switch (manners().promise) {
        case Manners::Promise::at_most_once:
            EXPECT_EQ(world.account().counts.duplicated, 0u);
            EXPECT_GT(world.missing(), 0u) << "there was something to lose";
            break;
        case Manners::Promise::at_least_once:
            EXPECT_GT(world.account().counts.duplicated, 0u) << "there was something to send again";
            break;
        case Manners::Promise::exactly_once:
            EXPECT_EQ(world.account().counts.duplicated, 0u);
            break;
    }
}

}  // namespace
}  // namespace portillon::conformance
