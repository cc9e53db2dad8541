#include "server/ledger.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "server/reconcile.h"
#include "server/sample_run.h"

namespace portillon::server {
namespace {

Entry record(Ledger& ledger, std::uint32_t equipment, Sequence sequence, Instant now = sample_t0, unsigned shard = 0) {
    return ledger.record(shard, EquipmentId{equipment}, sequence, 0s, now);
}

TEST(Ledger, TellsFirstCopiesFromFurtherOnesAndFromLateOnes) {
    SampleRun run;
    const struct {
        Sequence sequence;
        Entry entry;
    } rows[] = {
        {1, Entry::delivered},  {3, Entry::delivered},      {2, Entry::reordered},           {2, Entry::duplicated},
        {3, Entry::duplicated}, {1, Entry::duplicated},     {1'000, Entry::delivered},       {999, Entry::reordered},
        {0, Entry::unexpected}, {1'001, Entry::unexpected}, {UINT64_MAX, Entry::unexpected},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(record(run.ledger, 2, row.sequence), row.entry) << row.sequence;
    }
    EXPECT_EQ(record(run.ledger, 0, 1), Entry::unexpected);
    EXPECT_EQ(record(run.ledger, 4, 1), Entry::unexpected);
    EXPECT_EQ(record(run.ledger, 3, 1), Entry::delivered);
    const auto counts = run.ledger.counts();
    EXPECT_EQ(counts.delivered, 6u);
    EXPECT_EQ(counts.duplicated, 3u);
    EXPECT_EQ(counts.reordered, 2u);
    EXPECT_EQ(counts.unexpected, 5u);
}

TEST(Ledger, KnowsWhatItHas) {
    SampleRun run;
    record(run.ledger, 1, 65);
    EXPECT_TRUE(run.ledger.has(EquipmentId{1}, 65));
    EXPECT_FALSE(run.ledger.has(EquipmentId{1}, 64));
    EXPECT_FALSE(run.ledger.has(EquipmentId{2}, 65));
    EXPECT_EQ(run.ledger.highest(EquipmentId{1}), 65u);
    EXPECT_EQ(run.ledger.highest(EquipmentId{2}), 0u);
}

TEST(Ledger, RefusesWhatComesAfterItsEnd) {
    SampleRun run;
    record(run.ledger, 1, 1);
    run.ledger.freeze();
    EXPECT_EQ(record(run.ledger, 1, 2), Entry::refused);
    run.ledger.record_unexpected(0, sample_t0);
    EXPECT_EQ(run.ledger.counts().delivered, 1u);
    EXPECT_EQ(run.ledger.counts().unexpected, 0u);
    EXPECT_EQ(run.ledger.counts().after_freeze, 2u);
}

TEST(Ledger, MeasuresOnlyFromTheStartOnAndOnlyWhatIsDueInAMeasuredWindow) {
    plan::RunSpec spec = sample_spec();
    spec.measured = {{10s, 20s}, {30s, 40s}};
    SampleRun run(spec);
    auto deliver = [&, sequence = Sequence{0}](Nanos due, Nanos at) mutable {
        run.ledger.record(0, EquipmentId{1}, ++sequence, due, sample_t0 + at);
    };
    deliver(10s, 11s);  // not started yet
    run.ledger.start(sample_t0);
    deliver(9s, 11s);
    deliver(10s, 10'005ms);
    deliver(20s, 21s);
    deliver(39'999ms, 40'500ms);
    const auto measured = run.ledger.end_to_end();
    EXPECT_EQ(measured.count(), 2u);
    EXPECT_EQ(measured.min(), Nanos{5ms});
    EXPECT_EQ(measured.max(), Nanos{501ms});
}

TEST(Ledger, KeepsTheFiguresOfSegmentsApartWhoeverRecordsThem) {
    plan::RunSpec spec = sample_spec(2, 100);
    spec.measured = {{15s, 30s}};                                     // with bounds of its own
    spec.segments = {{0s, 10s}, {10s, 20s}, {20s, 20s}, {25s, 30s}};  // one empty, and a gap
    SampleRun run(spec, 2);
    run.ledger.start(sample_t0);
    const auto deliver = [&](unsigned shard, Sequence sequence, Nanos due, Nanos late) {
        run.ledger.record(shard, EquipmentId{1}, sequence, due, sample_t0 + due + late);
    };
    deliver(0, 1, 9'999ms, 1ms);
    deliver(0, 2, 10s, 2ms);
    deliver(1, 3, 14s, 3ms);
    deliver(1, 4, 16s, 4ms);
    deliver(0, 5, 20s, 5ms);  // in the gap
    deliver(0, 6, 29s, 6ms);
    deliver(0, 7, 30s, 7ms);  // beyond all
    deliver(1, 2, 10s, 50ms);
    deliver(0, 2, 10s, 60ms);
    deliver(1, 6, 29s, 70ms);
    const auto segments = run.ledger.segments();
    ASSERT_EQ(segments.size(), 4u);
    const auto counts = [&](std::size_t place) {
        return std::pair(segments[place].end_to_end.count(), segments[place].duplicated);
    };
    EXPECT_EQ(counts(0), std::pair(1ul, 0ul));
    EXPECT_EQ(counts(1), std::pair(3ul, 2ul));
    EXPECT_EQ(counts(2), std::pair(0ul, 0ul));
    EXPECT_EQ(counts(3), std::pair(1ul, 1ul));
    EXPECT_EQ(segments[1].end_to_end.min(), Nanos{2ms});
    EXPECT_EQ(segments[1].end_to_end.max(), Nanos{4ms});
    EXPECT_EQ(run.ledger.end_to_end().count(), 3u);
    EXPECT_EQ(run.ledger.end_to_end().min(), Nanos{4ms});
    const auto elsewhere = SharedMemory::open(run.memory.path());
    EXPECT_EQ(Ledger::attach(elsewhere->bytes())->segments()[1].duplicated, 2u);
    EXPECT_EQ(Ledger::attach(elsewhere->bytes())->spec(), spec);
}

TEST(Ledger, KeepsAsManySegmentsAsAScenarioMayHaveStages) {
    plan::RunSpec spec = sample_spec(1, 2'000);
    for (std::size_t i = 0; i < plan::most_segments; ++i) {
        spec.segments.push_back({Nanos{1s} * i, Nanos{1s} * (i + 1)});
    }
    SampleRun run(spec);
    run.ledger.start(sample_t0);
    for (Sequence sequence = 1; sequence <= plan::most_segments; ++sequence) {
        const Nanos due = Nanos{1s} * (sequence * 7 % plan::most_segments);  // in no order
        run.ledger.record(0, EquipmentId{1}, sequence, due, sample_t0 + due + 1ms);
    }
    for (const auto& segment : run.ledger.segments()) {
        EXPECT_EQ(segment.end_to_end.count(), 1u);
    }
    EXPECT_EQ(run.ledger.end_to_end().count(), plan::most_segments);
}

TEST(Ledger, MeasuresFirstCopiesOnly) {
    SampleRun run;
    run.ledger.start(sample_t0);
    record(run.ledger, 1, 1, sample_t0 + 1ms);
    record(run.ledger, 1, 1, sample_t0 + 5ms);
    EXPECT_EQ(run.ledger.end_to_end().count(), 1u);
    EXPECT_EQ(run.ledger.end_to_end().max(), Nanos{1ms});
}

TEST(Ledger, CountsWhatWasDeliveredInEachSecond) {
    SampleRun run(sample_spec(), 2);
    run.ledger.start(sample_t0);
    record(run.ledger, 1, 1, sample_t0 - 1ns);
    record(run.ledger, 1, 2, sample_t0);
    record(run.ledger, 1, 3, sample_t0 + 999'999'999ns, 1);
    record(run.ledger, 1, 4, sample_t0 + 2s, 1);
    record(run.ledger, 1, 5, sample_t0 + 24h);
    EXPECT_THAT(run.ledger.delivered_per_second(), testing::ElementsAre(2, 0, 1));
}

TEST(Ledger, TakesADueTimeThatNoFleetMakesForUnexpected) {
    SampleRun run;
    run.ledger.start(sample_t0);
    EXPECT_EQ(run.ledger.record(0, EquipmentId{1}, 1, Nanos::max(), sample_t0), Entry::unexpected);
    EXPECT_EQ(run.ledger.record(0, EquipmentId{1}, 1, -1ns, sample_t0), Entry::unexpected);
    EXPECT_EQ(run.ledger.record(0, EquipmentId{1}, 1, Ledger::longest_due, sample_t0), Entry::delivered);
}

TEST(Ledger, IsFoundAgainInItsMemory) {
    plan::RunSpec spec = sample_spec(5, 70);
    spec.measured = {{1s, 2s}};
    SampleRun run(spec, 3);
    record(run.ledger, 5, 70, sample_t0, 2);
    const auto elsewhere = SharedMemory::open(run.memory.path());
    ASSERT_TRUE(elsewhere);
    const auto ledger = Ledger::attach(elsewhere->bytes());
    ASSERT_TRUE(ledger);
    EXPECT_EQ(ledger->spec(), spec);
    EXPECT_EQ(ledger->shards(), 3u);
    EXPECT_TRUE(ledger->has(EquipmentId{5}, 70));
}

TEST(Ledger, IsNotFoundWhereThereIsNone) {
    const auto zeros = SharedMemory::create("zeros", 1 << 20);
    EXPECT_FALSE(Ledger::attach(zeros->bytes()));
    EXPECT_FALSE(Ledger::attach(zeros->bytes().first(10)));
    SampleRun run;
    EXPECT_FALSE(Ledger::attach(run.memory.bytes().first(run.memory.bytes().size() - 1)));
}

// Both shards record every validation: exactly one copy of each is the first.
void record_all(Ledger ledger, unsigned shard, Sequence sequences) {
    for (Sequence sequence = 1; sequence <= sequences; ++sequence) {
        for (std::uint32_t equipment = 1; equipment <= 2; ++equipment) {
            ledger.record(shard, EquipmentId{equipment}, sequence, 0s, sample_t0);
        }
    }
}

void expect_every_one_twice(Ledger& ledger, Sequence sequences) {
    ledger.freeze();
    const auto found = reconcile(ledger, {sequences, sequences});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->counts.delivered, 2 * sequences);
    EXPECT_EQ(found->counts.duplicated, 2 * sequences);
    EXPECT_EQ(ledger.counts().delivered, 2 * sequences);
    EXPECT_TRUE(found->missing.empty());
}

TEST(Ledger, CountsEveryFirstCopyOnceWhenTwoThreadsWrite) {
    constexpr Sequence sequences = 20'000;
    SampleRun run(sample_spec(2, sequences), 2);
    std::thread other([&] { record_all(run.ledger, 1, sequences); });
    record_all(run.ledger, 0, sequences);
    other.join();
    expect_every_one_twice(run.ledger, sequences);
}

TEST(Ledger, CountsEveryFirstCopyOnceWhenTwoProcessesWrite) {
    constexpr Sequence sequences = 20'000;
    SampleRun run(sample_spec(2, sequences), 2);
    const pid_t child = ::fork();
    if (child == 0) {
        record_all(run.ledger, 1, sequences);
        ::_exit(0);
    }
    record_all(run.ledger, 0, sequences);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    expect_every_one_twice(run.ledger, sequences);
}

TEST(RunSpec, NamesWhatIsWrong) {
    const struct {
        const char* wrong;
        std::function<void(plan::RunSpec&)> spoil;
    } rows[] = {
        {"payload_bytes", [](plan::RunSpec& spec) { spec.payload.bytes = 63; }},
        {"payload_bytes", [](plan::RunSpec& spec) { spec.payload.bytes = 65'537; }},
        {"equipments", [](plan::RunSpec& spec) { spec.equipments = 0; }},
        {"equipments", [](plan::RunSpec& spec) { spec.equipments = plan::most_equipments + 1; }},
        {"sequences", [](plan::RunSpec& spec) { spec.sequences = 0; }},
        {"sequences", [](plan::RunSpec& spec) { spec.sequences = UINT64_MAX; }},
        {"measured",
         [](plan::RunSpec& spec) {
             spec.measured = {{2s, 1s}};
         }},
        {"measured",
         [](plan::RunSpec& spec) {
             spec.measured = {{-1s, 1s}};
         }},
        {"measured", [](plan::RunSpec& spec) { spec.measured.resize(plan::most_windows + 1); }},
        {"segments", [](plan::RunSpec& spec) { spec.segments.resize(plan::most_segments + 1); }},
        {"segments",
         [](plan::RunSpec& spec) {
             spec.segments = {{0s, 2s}, {1s, 3s}};
         }},
        {"segments",
         [](plan::RunSpec& spec) {
             spec.segments = {{2s, 1s}};
         }},
    };
    EXPECT_EQ(problem_of(sample_spec()), "");
    for (const auto& row : rows) {
        plan::RunSpec spec = sample_spec();
        row.spoil(spec);
        EXPECT_THAT(problem_of(spec), testing::StartsWith(row.wrong));
    }
}

}  // namespace
}  // namespace portillon::server
