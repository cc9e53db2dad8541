#include "server/faults.h"

#include <gtest/gtest.h>

#include <array>

namespace portillon::server {
namespace {

constexpr Instant t0{1'000s};

struct Sample {
    std::array<Budget, 4> budgets{};
    Faults faults{budgets};

    void add(FaultKind kind, std::uint64_t count, std::uint32_t budget, std::uint32_t one_in = 3) {
        budgets[budget] = count;
        faults.set({.id = budget + 1, .kind = kind, .at = t0, .count = count, .one_in = one_in, .budget = budget});
    }
    Fate fate(Sequence sequence, Instant now = t0, std::uint64_t seed = 7) {
        return faults.judge(RunId{1}, seed, EquipmentId{1}, sequence, now).fate;
    }
};

TEST(Faults, HoldUntilTheEndOfAStall) {
    Sample sample;
    sample.faults.set({.kind = FaultKind::stall, .at = t0, .length = 1s});
    const struct {
        Nanos arrival, release;
    } rows[] = {{-1ns, -1ns}, {0s, 1s}, {400ms, 1s}, {999'999'999ns, 1s}, {1s, 1s}, {2s, 2s}};
    for (const auto& row : rows) {
        EXPECT_EQ(sample.faults.release(t0 + row.arrival), t0 + row.release) << row.arrival.count();
    }
}

TEST(Faults, HoldThroughStallsThatFollowEachOther) {
    Sample sample;
    sample.faults.set({.kind = FaultKind::stall, .at = t0 + 1s, .length = 1s});
    sample.faults.set({.kind = FaultKind::stall, .at = t0, .length = 1s});
    EXPECT_EQ(sample.faults.release(t0), t0 + 2s);
}

TEST(Faults, AddDelaysAndThenStalls) {
    Sample sample;
    sample.faults.set({.kind = FaultKind::delay, .at = t0, .delay = 100ms});
    sample.faults.set({.kind = FaultKind::delay, .at = t0, .length = 10s, .delay = 50ms});
    sample.faults.set({.kind = FaultKind::stall, .at = t0 + 5s, .length = 1s});
    EXPECT_EQ(sample.faults.release(t0 + 1s), t0 + 1'150ms);
    EXPECT_EQ(sample.faults.release(t0 + 4'900ms), t0 + 6s);
    EXPECT_EQ(sample.faults.release(t0 + 20s), t0 + 20'100ms);
}

TEST(Faults, TakeExactlyTheirCountSpreadOut) {
    Sample sample;
    sample.add(FaultKind::lose, 100, 0);
    int lost = 0;
    int neighbours = 0;
    Fate before = Fate::deliver;
    for (Sequence sequence = 1; sequence <= 10'000; ++sequence) {
        const Fate fate = sample.fate(sequence);
        lost += fate == Fate::lose ? 1 : 0;
        neighbours += fate == Fate::lose && before == Fate::lose ? 1 : 0;
        before = fate;
    }
    EXPECT_EQ(lost, 100);
    EXPECT_LT(neighbours, 60);
    EXPECT_FALSE(sample.faults.threaten(t0));
}

TEST(Faults, TakeTheSameAgainFromTheSameSeed) {
    Sample a;
    Sample b;
    Sample other;
    for (Sample* each : {&a, &b, &other}) {
        each->add(FaultKind::lose, 1'000, 0);
    }
    int different = 0;
    for (Sequence sequence = 1; sequence <= 300; ++sequence) {
        const Fate fate = a.fate(sequence);
        EXPECT_EQ(fate, b.fate(sequence));
        different += fate == other.fate(sequence, t0, 8) ? 0 : 1;
    }
    EXPECT_GT(different, 50);
}

TEST(Faults, ShareOneBudgetOverShards) {
    std::array<Budget, 1> budgets{10};
    Faults one(budgets);
    Faults two(budgets);
    const Fault fault{.id = 1, .kind = FaultKind::lose, .at = t0, .count = 10, .one_in = 1};
    one.set(fault);
    two.set(fault);
    int lost = 0;
    for (Sequence sequence = 1; sequence <= 50; ++sequence) {
        for (Faults* shard : {&one, &two}) {
            lost += shard->judge(RunId{1}, 7, EquipmentId{1}, sequence, t0).fate == Fate::lose ? 1 : 0;
        }
    }
    EXPECT_EQ(lost, 10);
}

TEST(Faults, KeepTheirTimeAndTheirRun) {
    Sample sample;
    sample.budgets[0] = 100;
    sample.faults.set({.kind = FaultKind::lose, .at = t0, .length = 1s, .count = 100, .one_in = 1, .run = RunId{1}});
    EXPECT_EQ(sample.fate(1, t0 - 1ns), Fate::deliver);
    EXPECT_EQ(sample.fate(1, t0), Fate::lose);
    EXPECT_EQ(sample.fate(1, t0 + 1s), Fate::deliver);
    EXPECT_EQ(sample.faults.judge(RunId{2}, 7, EquipmentId{1}, 1, t0).fate, Fate::deliver);
    sample.faults.drop(RunId{2});
    EXPECT_TRUE(sample.faults.threaten(t0));
    sample.faults.drop(RunId{1});
    EXPECT_FALSE(sample.faults.threaten(t0));
}

}  // namespace
}  // namespace portillon::server
