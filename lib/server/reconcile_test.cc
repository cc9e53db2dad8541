#include "server/reconcile.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "server/sample_run.h"

namespace portillon::account {

void PrintTo(const Range& range, std::ostream* out) {
    *out << number_of(range.equipment) << ":" << range.first << "-" << range.last;
}

}  // namespace portillon::account

namespace portillon::server {
namespace {

Range range(std::uint32_t equipment, Sequence first, Sequence last) {
    return {EquipmentId{equipment}, first, last};
}

struct Delivered {
    std::uint32_t equipment;
    std::vector<Sequence> sequences;
};

struct Row {
    const char* what;
    std::vector<Delivered> delivered;
    Generated generated;
    LedgerAccount expected;
};

LedgerAccount expect(std::uint64_t delivered, std::uint64_t duplicated, std::uint64_t reordered,
                     std::uint64_t unexpected, std::vector<Range> missing, std::vector<Range> duplicated_ranges = {},
                     std::vector<Range> reordered_ranges = {}) {
    LedgerAccount account;
    account.counts.delivered = delivered;
    account.counts.duplicated = duplicated;
    account.counts.reordered = reordered;
    account.counts.unexpected = unexpected;
    account.missing = std::move(missing);
    account.duplicated_ranges = std::move(duplicated_ranges);
    account.reordered_ranges = std::move(reordered_ranges);
    return account;
}

TEST(Reconcile, NamesEveryException) {
    const Row rows[] = {
        {"everything arrived", {{1, {1, 2, 3}}, {2, {1}}}, {3, 1}, expect(4, 0, 0, 0, {})},
        {"nothing was generated", {}, {0, 0, 0}, expect(0, 0, 0, 0, {})},
        {"a hole", {{1, {1, 2, 5}}}, {5}, expect(3, 0, 0, 0, {range(1, 3, 4)})},
        {"a lost head", {{1, {3}}}, {3}, expect(1, 0, 0, 0, {range(1, 1, 2)})},
        {"a lost tail", {{1, {1, 2}}}, {1'000}, expect(2, 0, 0, 0, {range(1, 3, 1'000)})},
        {"a silent equipment", {{1, {1}}, {3, {1}}}, {1, 200, 1}, expect(2, 0, 0, 0, {range(2, 1, 200)})},
        {"an equipment beyond the run", {}, {0, 0, 0, 2}, expect(0, 0, 0, 0, {range(4, 1, 2)})},
        {"more than the run allows for",
         {{1, {1'000}}},
         {1'002},
         expect(1, 0, 0, 0, {range(1, 1, 999), range(1, 1'001, 1'002)})},
        {"duplicates, one of them twice", {{1, {1, 1, 2, 2, 2}}}, {2}, expect(2, 3, 0, 0, {}, {range(1, 1, 2)})},
        {"reordered", {{1, {2, 3, 1, 5, 4}}}, {5}, expect(5, 0, 2, 0, {}, {}, {range(1, 1, 1), range(1, 4, 4)})},
        {"a reordered one again", {{1, {2, 1, 1}}}, {2}, expect(2, 1, 1, 0, {}, {range(1, 1, 1)}, {range(1, 1, 1)})},
        {"never generated", {{1, {1, 2, 3}}, {2, {7}}}, {2}, expect(2, 0, 0, 2, {})},
        {"nobody knows of one", {{1, {1, 2, 2, 7}}, {2, {2}}}, {std::nullopt, 2}, expect(1, 0, 0, 0, {range(2, 1, 1)})},
        {"across words",
         {{1, {1, 63, 64, 65, 128, 129}}},
         {192},
         expect(6, 0, 0, 0, {range(1, 2, 62), range(1, 66, 127), range(1, 130, 192)})},
    };
    for (const auto& row : rows) {
        SampleRun run;
        for (const auto& [equipment, sequences] : row.delivered) {
            for (const Sequence sequence : sequences) {
                run.ledger.record(0, EquipmentId{equipment}, sequence, 0s, Instant{1s});
            }
        }
        run.ledger.freeze();
        const auto found = reconcile(run.ledger, row.generated);
        ASSERT_TRUE(found) << row.what;
        EXPECT_EQ(found->counts.delivered, row.expected.counts.delivered) << row.what;
        EXPECT_EQ(found->counts.duplicated, row.expected.counts.duplicated) << row.what;
        EXPECT_EQ(found->counts.reordered, row.expected.counts.reordered) << row.what;
        EXPECT_EQ(found->counts.unexpected, row.expected.counts.unexpected) << row.what;
        EXPECT_EQ(found->missing, row.expected.missing) << row.what;
        EXPECT_EQ(found->duplicated_ranges, row.expected.duplicated_ranges) << row.what;
        EXPECT_EQ(found->reordered_ranges, row.expected.reordered_ranges) << row.what;
    }
}

TEST(Reconcile, SumsDeliveredAndMissingToWhatWasGenerated) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Random random(seed);
        SampleRun run(sample_spec(4, 300));
        Generated generated;
        std::uint64_t total = 0;
        for (std::uint32_t equipment = 1; equipment <= 4; ++equipment) {
            const Sequence last = random.next() % 301;
            for (Sequence sequence = 1; sequence <= last; ++sequence) {
                if (random.next() % 3 != 0) {
                    run.ledger.record(0, EquipmentId{equipment}, sequence, 0s, Instant{1s});
                }
            }
            generated.push_back(last);
            total += last;
        }
        run.ledger.freeze();
        const auto found = reconcile(run.ledger, generated);
        std::uint64_t missing = 0;
        for (const Range& each : found->missing) {
            missing += each.last - each.first + 1;
        }
        EXPECT_EQ(found->counts.delivered + missing, total) << "seed " << seed;
    }
}

TEST(Reconcile, GivesUpRatherThanNameMoreThanItMay) {
    SampleRun run;
    for (Sequence sequence = 2; sequence <= 20; sequence += 2) {
        run.ledger.record(0, EquipmentId{1}, sequence, 0s, Instant{1s});
    }
    run.ledger.freeze();
    EXPECT_TRUE(reconcile(run.ledger, {20}, 10));
    EXPECT_FALSE(reconcile(run.ledger, {20}, 9));
}

}  // namespace
}  // namespace portillon::server
