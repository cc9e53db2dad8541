#include "arrived/arrivals.h"

#include <gmock/gmock.h>

namespace portillon::arrived {
namespace {

using account::Range;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Range range(std::uint32_t equipment, Sequence first, Sequence last) {
    return {EquipmentId{equipment}, first, last};
}

void add(Arrivals& arrivals, std::uint32_t equipment, Sequence first, Sequence last) {
    for (auto sequence = first; sequence <= last; ++sequence) {
        arrivals.add(EquipmentId{equipment}, sequence);
    }
}

TEST(Arrivals, MissEverythingAtFirst) {
    const auto findings = Arrivals({{3, 0, 200}, {}}).findings();
    EXPECT_THAT(findings.ledger.missing, ElementsAre(range(1, 1, 3), range(3, 1, 200)));
    EXPECT_EQ(findings.ledger.counts.delivered, 0u);
    EXPECT_THAT(Arrivals({}).findings().ledger.missing, IsEmpty());
}

TEST(Arrivals, FindHolesWhereverTheyAre) {
    // Holes at, before and behind the ends of words and equipments.
    for (const std::uint64_t size : {1, 63, 64, 65, 127, 128, 129, 200}) {
        for (std::uint64_t from = 1; from <= size; ++from) {
            for (std::uint64_t to = from; to <= size; to += 1 + to / 5) {
                Arrivals arrivals({{5, size, 7}, {}});
                add(arrivals, 1, 1, 5);
                add(arrivals, 2, 1, from - 1);
                add(arrivals, 2, to + 1, size);
                add(arrivals, 3, 1, 7);
                const auto findings = arrivals.findings();
                ASSERT_THAT(findings.ledger.missing, ElementsAre(range(2, from, to))) << size;
                ASSERT_EQ(findings.ledger.counts.delivered, 12 + size - (to - from + 1));
            }
        }
    }
}

TEST(Arrivals, NameWhatCameAgain) {
    Arrivals arrivals({{100, 100}, {}});
    add(arrivals, 1, 1, 100);
    add(arrivals, 2, 1, 100);
    add(arrivals, 1, 99, 100);
    add(arrivals, 2, 1, 1);
    add(arrivals, 2, 1, 1);
    const auto findings = arrivals.findings();
    EXPECT_THAT(findings.ledger.duplicated_ranges, ElementsAre(range(1, 99, 100), range(2, 1, 1)));
    EXPECT_EQ(findings.ledger.counts.duplicated, 4u);
    EXPECT_EQ(findings.ledger.counts.delivered, 200u);
    EXPECT_THAT(findings.ledger.missing, IsEmpty());
}

TEST(Arrivals, NameWhatNobodySent) {
    Arrivals arrivals({{5, std::nullopt}, {}});
    add(arrivals, 1, 6, 7);
    add(arrivals, 3, 1, 1);
    add(arrivals, 2, 1, 9);  // its generator was lost: what it sent is not known
    auto findings = arrivals.findings();
    EXPECT_EQ(findings.ledger.counts.unexpected, 3u);
    EXPECT_THAT(findings.unexpected, ElementsAre(range(1, 6, 7), range(3, 1, 1)));
    EXPECT_EQ(findings.unexpected_unnamed, 0u);
    EXPECT_THAT(findings.ledger.missing, ElementsAre(range(1, 1, 5)));
    add(arrivals, 4, 1, 2'000);
    findings = arrivals.findings();
    EXPECT_EQ(findings.ledger.counts.unexpected, 2'003u);
    EXPECT_EQ(findings.unexpected_unnamed, 1'003u);
}

}  // namespace
}  // namespace portillon::arrived
