#include "server/ledger_ingest.h"

#include <gmock/gmock.h>

#include <array>
#include <cstring>

#include "server/reconcile.h"
#include "server/sample_run.h"
#include "testing/simulation.h"

namespace portillon::server {
namespace {

struct Scene {
    explicit Scene(const RunSpec& spec = sample_spec(), std::size_t hold_limit_bytes = HoldQueue::most_bytes)
        : run(spec), ingest(simulation.loop(), 0, figures, shares, hold_limit_bytes) {
        ingest.open(run.ledger);
    }

    void send(std::span<const std::byte> bytes) { ingest.arrived(bytes, answers, {1, 2, ++exchanges}); }
    void send(std::uint32_t equipment, Sequence first, std::uint32_t count) {
        send(run.batch(equipment, first, count));
    }

    void hurt(FaultKind kind, std::uint64_t count) { hurt({.kind = kind, .count = count}); }
    void hurt(Fault fault) {
        fault.share = used_shares++;
        fault.id = fault.draw = used_shares;
        fault.at = simulation.now();
        shares[fault.share].begin(fault);
        ingest.set(fault);
    }

    Exceptions reconciled(const Generated& generated) {
        ingest.flush();
        run.ledger.freeze();
        return *reconcile(run.ledger, generated);
    }

    testing::Simulation simulation;
    SampleRun run;
    Figures figures;
    std::array<FaultShare, 8> shares{};
    std::uint32_t used_shares = 0;
    LedgerIngest ingest;
    HeardAnswers answers;
    std::uint64_t exchanges = 0;
};

TEST(LedgerIngest, RecordsAndAccepts) {
    for (const auto encoding : {wire::Encoding::protobuf, wire::Encoding::json}) {
        Scene scene;
        scene.send(scene.run.batch(2, 5, 3, encoding));
        ASSERT_EQ(scene.answers.all.size(), 1u);
        const auto& [ticket, decision] = scene.answers.all[0];
        EXPECT_EQ(ticket.exchange, 1u);
        EXPECT_EQ(decision.disposition, Disposition::accepted);
        EXPECT_EQ(decision.equipment, EquipmentId{2});
        EXPECT_EQ(decision.first, 5u);
        EXPECT_EQ(decision.count, 3u);
        EXPECT_EQ(scene.run.ledger.counts().delivered, 3u);
        EXPECT_EQ(scene.figures.batches.get(), 1u);
        EXPECT_EQ(scene.figures.validations.get(), 3u);
    }
}

TEST(LedgerIngest, RefusesWhatIsNoBatchAndGoesOn) {
    Scene scene;
    const auto good = scene.run.batch(1, 1, 2);
    const std::string json = "{\"run\":";
    scene.send(std::span(good).first(good.size() - 1));
    scene.send(std::span<const std::byte>());
    scene.send(std::as_bytes(std::span(json)));
    EXPECT_EQ(scene.answers.count(Disposition::malformed), 3u);
    EXPECT_TRUE(scene.answers.all[0].decision.cause);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
    EXPECT_EQ(scene.figures.batches.get(), 0u);
    std::uint64_t refused = 0;
    for (const auto& [cause, count] : counts_of(scene.figures.refused)) {
        refused += count;
    }
    EXPECT_EQ(refused, 3u);
    scene.send(good);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 2u);
}

TEST(LedgerIngest, TakesBytesThatTheSeedDoesNotMakeForUnexpected) {
    Scene scene;
    auto changed = scene.run.batch(1, 1, 1);
    changed.back() = static_cast<std::byte>('z');
    scene.send(changed);
    RunSpec other = sample_spec();
    other.payload.bytes = 101;  // every byte right, but too many of them
    scene.send(SampleRun(other).batch(1, 1, 1));
    other = sample_spec();
    other.payload.seed = 8;
    scene.send(SampleRun(other).batch(1, 1, 1));
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 3u);
    EXPECT_EQ(scene.run.ledger.counts().unexpected, 3u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
}

TEST(LedgerIngest, AcceptsAndForgetsRunsThatNobodyRegistered) {
    Scene scene;
    RunSpec other = sample_spec();
    other.run = RunId{0xB2};
    scene.send(SampleRun(other).batch(1, 1, 4));
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 1u);
    EXPECT_EQ(scene.figures.unregistered.get(), 4u);
    scene.ingest.close(scene.run.spec.run);
    scene.send(1, 1, 2);
    EXPECT_EQ(scene.figures.unregistered.get(), 6u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
}

class FaultCounts : public ::testing::TestWithParam<std::uint32_t> {};

// What the self-test asks for: 137 lost, 20 duplicated, 11 swapped, whatever the batches.
TEST_P(FaultCounts, AreExact) {
    const std::uint32_t batch = GetParam();
    constexpr Sequence per_equipment = 700;
    Scene scene(sample_spec(3, per_equipment));
    scene.hurt(FaultKind::lose, 137);
    scene.hurt(FaultKind::duplicate, 20);
    scene.hurt(FaultKind::swap, 11);
    for (Sequence first = 1; first <= per_equipment; first += batch) {
        for (std::uint32_t equipment = 1; equipment <= 3; ++equipment) {
            scene.send(equipment, first, batch);
            scene.simulation.run_for(1ms);
        }
    }
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 3 * per_equipment / batch);
    const auto found = scene.reconciled({per_equipment, per_equipment, per_equipment});
    EXPECT_EQ(found.delivered, 3 * per_equipment - 137);
    EXPECT_EQ(found.duplicated, 20u);
    EXPECT_EQ(found.reordered, 11u);
    EXPECT_EQ(found.unexpected, 0u);
    std::uint64_t missing = 0;
    for (const Range& range : found.missing) {
        missing += range.last - range.first + 1;
    }
    EXPECT_EQ(missing, 137u);
    EXPECT_GT(found.missing.size(), 60u) << "spread, from within batches too";
    EXPECT_EQ(scene.run.ledger.counts().duplicated, 20u);
}

INSTANTIATE_TEST_SUITE_P(Batches, FaultCounts, ::testing::Values(1u, 7u, 100u));

TEST(LedgerIngest, AnswersASwappedOneAtOnceAndRecordsItAfterTheNext) {
    Scene scene;
    scene.hurt({.kind = FaultKind::swap, .count = 1, .one_in = 1});
    scene.send(1, 1, 1);
    scene.send(2, 1, 1);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 2u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
    scene.send(1, 2, 1);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 2u);
    scene.send(2, 2, 1);  // too late for a second swap
    const auto found = scene.reconciled({2, 2});
    EXPECT_EQ(found.delivered, 4u);
    EXPECT_EQ(found.reordered_ranges, (std::vector<Range>{{EquipmentId{1}, 1, 1}}));
}

TEST(LedgerIngest, RecordsASwappedOneInOrderWhenNoNextOneComes) {
    Scene scene;
    scene.hurt({.kind = FaultKind::swap, .count = 5, .one_in = 1});
    scene.send(1, 1, 1);
    scene.send(1, 1, 1);  // its own copy is no next one
    EXPECT_EQ(scene.run.ledger.counts().delivered, 1u);
    EXPECT_EQ(scene.run.ledger.counts().duplicated, 1u);
    scene.send(2, 1, 1);
    const auto found = scene.reconciled({1, 1});
    EXPECT_EQ(found.delivered, 2u);
    EXPECT_EQ(found.reordered, 0u);
    EXPECT_EQ(scene.shares[0].left, 5u);
}

TEST(LedgerIngest, NeitherRecordsNorAnswersWhatItDrops) {
    Scene scene;
    scene.hurt({.kind = FaultKind::drop, .count = 1, .one_in = 1});
    scene.send(1, 1, 3);
    ASSERT_EQ(scene.answers.count(Disposition::ignored), 1u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
    scene.send(1, 1, 3);  // again
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 1u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 3u);
    EXPECT_EQ(scene.shares[0].struck, 1u) << "messages are counted, not validations";
}

TEST(LedgerIngest, RecordsWhatItMutesAndCountsTheNextCopyAsADuplicate) {
    Scene scene;
    scene.hurt({.kind = FaultKind::mute, .count = 1, .one_in = 1});
    scene.send(1, 1, 3);
    ASSERT_EQ(scene.answers.count(Disposition::muted), 1u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 3u);
    scene.send(1, 1, 3);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 1u);
    EXPECT_EQ(scene.run.ledger.counts().duplicated, 3u);
}

TEST(LedgerIngest, SaysNoAsTheFaultHasItAndNamesTheBatch) {
    const struct {
        Fault fault;
        Disposition disposition;
        std::optional<Nanos> retry_after;
    } rows[] = {
        {{.kind = FaultKind::error, .length = 1s, .one_in = 1}, Disposition::failed, std::nullopt},
        {{.kind = FaultKind::throttle, .length = 1s, .retry_after = 2s, .one_in = 1}, Disposition::refused, 2s},
        {{.kind = FaultKind::reject, .length = 1s, .one_in = 1}, Disposition::rejected, std::nullopt},
    };
    for (const auto& row : rows) {
        Scene scene;
        scene.hurt(row.fault);
        scene.send(2, 5, 3);
        ASSERT_EQ(scene.answers.count(row.disposition), 1u) << name_of(row.fault.kind);
        const Decision& decision = scene.answers.all[0].decision;
        EXPECT_EQ(decision.retry_after, row.retry_after);
        EXPECT_EQ(decision.equipment, EquipmentId{2});
        EXPECT_EQ(decision.first, 5u);
        EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
        EXPECT_EQ(counts_of(scene.figures.refused),
                  (std::map<std::string, std::uint64_t>{{std::string(name_of(row.fault.kind)), 1}}));
    }
}

TEST(LedgerIngest, TakesAsManyValidationsASecondAsTheLimitAllows) {
    Scene scene;
    scene.hurt({.kind = FaultKind::limit, .length = 10s, .per_s = 100});
    for (Sequence first = 1; first <= 91; first += 10) {
        scene.send(1, first, 10);
    }
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
    scene.simulation.run_for(550ms);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 50u);
    scene.simulation.run_for(450ms);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 100u);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 10u);
}

TEST(LedgerIngest, HoldsWhatArrivesInAStallAndTakesItInOrderAtItsEnd) {
    Scene scene;
    const Instant begin = scene.simulation.now();
    scene.run.ledger.start(begin);
    scene.ingest.set({.id = 1, .kind = FaultKind::stall, .at = begin + 1s, .length = 500ms});
    scene.simulation.run_for(999ms);
    scene.send(1, 1, 1);
    EXPECT_EQ(scene.answers.all.size(), 1u);
    scene.simulation.run_for(1ms);
    scene.send(1, 2, 1);
    scene.simulation.run_for(200ms);
    scene.send(1, 3, 1);
    scene.simulation.run_until(begin + 1'500ms - 1ns);
    EXPECT_EQ(scene.answers.all.size(), 1u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 1u);
    scene.simulation.run_for(1ns);
    ASSERT_EQ(scene.answers.all.size(), 3u);
    EXPECT_EQ(scene.answers.all[1].decision.first, 2u);
    EXPECT_EQ(scene.answers.all[2].ticket.exchange, 3u);
    EXPECT_EQ(scene.run.ledger.counts().last_arrival, begin + 1'500ms);
    EXPECT_EQ(scene.run.ledger.counts().reordered, 0u);
    scene.send(1, 4, 1);
    EXPECT_EQ(scene.answers.all.size(), 4u);
}

TEST(LedgerIngest, DelaysEachArrival) {
    Scene scene;
    const Instant begin = scene.simulation.now();
    scene.ingest.set({.id = 1, .kind = FaultKind::delay, .at = begin, .length = 1s, .delay = 30ms});
    for (Sequence sequence = 1; sequence <= 4; ++sequence) {
        scene.send(1, sequence, 1);
        scene.simulation.run_for(10ms);
    }
    EXPECT_EQ(scene.answers.all.size(), 2u);  // those of 0 and 10 ms, at 40 ms
    scene.simulation.run_for(1s);
    EXPECT_EQ(scene.answers.all.size(), 4u);
    EXPECT_EQ(scene.run.ledger.counts().last_arrival, begin + 60ms);
}

TEST(LedgerIngest, SaysNoWhenItCanHoldNoMore) {
    Scene scene(sample_spec(), 1'000);
    scene.ingest.set({.id = 1, .kind = FaultKind::stall, .at = scene.simulation.now(), .length = 1s});
    for (Sequence sequence = 1; sequence <= 10; ++sequence) {
        scene.send(1, sequence, 1);
    }
    const auto refused = scene.answers.count(Disposition::refused);
    EXPECT_GT(refused, 0u);
    EXPECT_LT(refused, 10u);
    EXPECT_EQ(counts_of(scene.figures.refused).at("hold_queue_full"), refused);
    scene.simulation.run_for(1s);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 10 - refused);
}

TEST(LedgerIngest, TakesWhatIsHeldWhenFaultsAreCleared) {
    Scene scene;
    scene.ingest.set({.id = 1, .kind = FaultKind::stall, .at = scene.simulation.now(), .length = 1h});
    scene.send(1, 1, 1);
    scene.ingest.clear_faults();
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 1u);
    scene.simulation.run_to_rest(2h);
    scene.send(1, 2, 1);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 2u);
}

}  // namespace
}  // namespace portillon::server
