#include "server/faults.h"

#include <gtest/gtest.h>

#include <array>

#include "server/sample_run.h"

namespace portillon::server {
namespace {

struct Sample {
    std::array<FaultShare, 4> shares{};
    Faults faults{shares};

    void add(Fault fault) {
        fault.id = fault.draw = fault.share + 1;
        fault.at = fault.at == Instant{} ? sample_t0 : fault.at;
        shares[fault.share].begin(fault);
        faults.set(fault);
    }
    void add(FaultKind kind, std::uint64_t count, std::uint32_t share, std::uint32_t one_in = 3) {
        add({.kind = kind, .count = count, .one_in = one_in, .share = share});
    }
    Instant release_instant(Instant arrival, std::uint32_t validations = 1) {
        return faults.release_instant(arrival, validations);
    }
    std::optional<FaultKind> met(Sequence first, Instant now = sample_t0, std::uint64_t seed = 7) {
        const auto fault = faults.strike_message(RunId{1}, seed, EquipmentId{1}, first, now);
        return fault ? std::optional(fault->kind) : std::nullopt;
    }
    Fate fate(Sequence sequence, Instant now = sample_t0, std::uint64_t seed = 7) {
        return faults.fate_of(RunId{1}, seed, EquipmentId{1}, sequence, now).fate;
    }
};

TEST(Faults, HoldUntilTheEndOfAStall) {
    Sample sample;
    sample.add({.kind = FaultKind::stall, .at = sample_t0, .length = 1s});
    const struct {
        Nanos arrival, release;
    } rows[] = {{-1ns, -1ns}, {0s, 1s}, {400ms, 1s}, {999'999'999ns, 1s}, {1s, 1s}, {2s, 2s}};
    for (const auto& row : rows) {
        EXPECT_EQ(sample.release_instant(sample_t0 + row.arrival), sample_t0 + row.release) << row.arrival.count();
    }
}

TEST(Faults, HoldThroughStallsThatFollowEachOther) {
    Sample sample;
    sample.add({.kind = FaultKind::stall, .at = sample_t0 + 1s, .length = 1s});
    sample.add({.kind = FaultKind::stall, .at = sample_t0, .length = 1s});
    EXPECT_EQ(sample.release_instant(sample_t0), sample_t0 + 2s);
}

TEST(Faults, AddDelaysAndThenStalls) {
    Sample sample;
    sample.add({.kind = FaultKind::delay, .at = sample_t0, .delay = 100ms});
    sample.add({.kind = FaultKind::delay, .at = sample_t0, .length = 10s, .delay = 50ms});
    sample.add({.kind = FaultKind::stall, .at = sample_t0 + 5s, .length = 1s});
    EXPECT_EQ(sample.release_instant(sample_t0 + 1s), sample_t0 + 1'150ms);
    EXPECT_EQ(sample.release_instant(sample_t0 + 4'900ms), sample_t0 + 6s);
    EXPECT_EQ(sample.release_instant(sample_t0 + 20s), sample_t0 + 20'100ms);
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
    EXPECT_FALSE(sample.faults.threaten_validations(sample_t0));
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
        different += fate == other.fate(sequence, sample_t0, 8) ? 0 : 1;
    }
    EXPECT_GT(different, 50);
}

TEST(Faults, ShareOneCountOverShards) {
    std::array<FaultShare, 1> shares{};
    Faults one(shares);
    Faults two(shares);
    const Fault fault{.id = 1, .kind = FaultKind::lose, .at = sample_t0, .count = 10, .one_in = 1};
    shares[0].begin(fault);
    one.set(fault);
    two.set(fault);
    int lost = 0;
    for (Sequence sequence = 1; sequence <= 50; ++sequence) {
        for (Faults* shard : {&one, &two}) {
            lost += shard->fate_of(RunId{1}, 7, EquipmentId{1}, sequence, sample_t0).fate == Fate::lose ? 1 : 0;
        }
    }
    EXPECT_EQ(lost, 10);
    EXPECT_EQ(shares[0].struck, 10u);
}

TEST(Faults, WorkOnOneMessageAfterTheOtherWhenSlow) {
    Sample sample;
    sample.add({.kind = FaultKind::slow, .length = 10s, .delay = 100ms});
    EXPECT_EQ(sample.release_instant(sample_t0), sample_t0 + 100ms);
    EXPECT_EQ(sample.release_instant(sample_t0 + 10ms), sample_t0 + 200ms);
    EXPECT_EQ(sample.release_instant(sample_t0 + 1s), sample_t0 + 1'100ms) << "idle in between";
    EXPECT_EQ(sample.shares[0].struck, 3u);
}

TEST(Faults, LetGoOfWhatTheyHoldWhenTheirTimeIsOver) {
    Sample sample;
    sample.add({.kind = FaultKind::slow, .length = 150ms, .delay = 100ms});
    sample.release_instant(sample_t0);
    EXPECT_EQ(sample.release_instant(sample_t0), sample_t0 + 150ms);
    EXPECT_EQ(sample.release_instant(sample_t0 + 150ms), sample_t0 + 150ms);
}

TEST(Faults, LimitAllShardsTogetherByTheValidationsInAMessage) {
    std::array<FaultShare, 1> shares{};
    Faults one(shares);
    Faults two(shares);
    const Fault fault{.id = 1, .kind = FaultKind::limit, .at = sample_t0, .length = 10s, .per_s = 100};
    shares[0].begin(fault);
    one.set(fault);
    two.set(fault);
    EXPECT_TRUE(one.limit(sample_t0));
    EXPECT_FALSE(one.limit(sample_t0 + 10s));
    EXPECT_EQ(one.release_instant(sample_t0, 1), sample_t0 + 10ms);
    EXPECT_EQ(two.release_instant(sample_t0, 5), sample_t0 + 60ms);
    EXPECT_EQ(one.release_instant(sample_t0 + 20ms, 1), sample_t0 + 70ms);
    EXPECT_EQ(two.release_instant(sample_t0 + 1s, 1), sample_t0 + 1'010ms) << "what was not used is not saved";
}

TEST(Faults, MeetEveryMessageOfTheirTimeUnlessTheyHaveACount) {
    Sample sample;
    sample.add({.kind = FaultKind::error, .length = 1s, .one_in = 1});
    EXPECT_TRUE(sample.faults.threaten_messages(sample_t0));
    for (int attempt = 0; attempt < 3; ++attempt) {
        EXPECT_EQ(sample.met(1), FaultKind::error);
    }
    EXPECT_EQ(sample.met(1, sample_t0 + 1s), std::nullopt);
    EXPECT_EQ(sample.shares[0].struck, 3u);
}

TEST(Faults, MeetAMessageOnceWhenOnlySomeAreMeant) {
    Sample sample;
    sample.add(FaultKind::drop, 10, 0, 2);
    int met = 0;
    for (Sequence first = 1; first <= 200; ++first) {
        const bool struck = sample.met(first).has_value();
        met += struck ? 1 : 0;
        EXPECT_EQ(sample.met(first), std::nullopt) << "sent again: " << first;
    }
    EXPECT_EQ(met, 10);
    EXPECT_FALSE(sample.faults.threaten_messages(sample_t0));
}

TEST(Faults, DrawTheSameMessagesFromTheSameSeed) {
    Sample a;
    Sample b;
    for (Sample* each : {&a, &b}) {
        each->add(FaultKind::reject, 1'000, 0);
    }
    int met = 0;
    for (Sequence first = 1; first <= 300; ++first) {
        const auto fault = a.met(first);
        met += fault ? 1 : 0;
        EXPECT_EQ(fault, b.met(first));
    }
    EXPECT_GT(met, 50);
    EXPECT_LT(met, 200);
}

TEST(Faults, TurnConnectionsAwayWhileTheyLast) {
    Sample sample;
    sample.add({.kind = FaultKind::turn_away, .length = 1s});
    EXPECT_FALSE(sample.faults.turn_away(sample_t0 - 1ns));
    EXPECT_TRUE(sample.faults.turn_away(sample_t0));
    EXPECT_FALSE(sample.faults.turn_away(sample_t0 + 1s));
    EXPECT_EQ(sample.shares[0].struck, 1u);
}

TEST(Faults, KeepTheirTimeAndTheirRun) {
    Sample sample;
    sample.add({.kind = FaultKind::lose, .length = 1s, .count = 100, .one_in = 1, .run = RunId{1}});
    EXPECT_EQ(sample.fate(1, sample_t0 - 1ns), Fate::deliver);
    EXPECT_EQ(sample.fate(1, sample_t0), Fate::lose);
    EXPECT_EQ(sample.fate(1, sample_t0 + 1s), Fate::deliver);
    EXPECT_EQ(sample.faults.fate_of(RunId{2}, 7, EquipmentId{1}, 1, sample_t0).fate, Fate::deliver);
    sample.faults.drop(RunId{2});
    EXPECT_TRUE(sample.faults.threaten_validations(sample_t0));
    sample.faults.drop(RunId{1});
    EXPECT_FALSE(sample.faults.threaten_validations(sample_t0));
}

}  // namespace
}  // namespace portillon::server
