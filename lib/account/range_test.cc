#include "account/range.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"

namespace portillon::account {
namespace {

using Single = std::pair<std::uint32_t, Sequence>;

Range range(std::uint32_t equipment, Sequence first, Sequence last) {
    return {EquipmentId{equipment}, first, last};
}

std::set<Single> singles(const std::vector<Range>& ranges) {
    std::set<Single> all;
    for (const Range& each : ranges) {
        for (Sequence sequence = each.first; sequence <= each.last; ++sequence) {
            all.emplace(number_of(each.equipment), sequence);
        }
    }
    return all;
}

TEST(Range, IsJoinedWithWhatItOverlapsOrTouches) {
    const std::vector<Range> joined{range(1, 1, 7), range(1, 9, 9), range(2, 10, 10)};
    EXPECT_EQ(normalised({range(2, 10, 10), range(1, 4, 7), range(1, 9, 9), range(1, 1, 5)}), joined);
    EXPECT_EQ(normalised({range(1, 3, 3), range(1, 1, 2), range(1, 9, 9), range(2, 10, 10), range(1, 4, 7)}), joined);
    EXPECT_EQ(count_of(joined), 9u);
    EXPECT_EQ(count_of({}), 0u);
}

TEST(Range, IsTakenFromOthersAsSetsAre) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        Random random(seed);
        std::vector<Range> sets[2];
        for (int i = 0; i < 12; ++i) {
            const Sequence first = 1 + random.next() % 30;
            sets[random.next() % 2].push_back(
                range(static_cast<std::uint32_t>(1 + random.next() % 3), first, first + random.next() % 8));
        }
        const auto a = normalised(sets[0]), b = normalised(sets[1]);
        EXPECT_EQ(singles(a), singles(sets[0])) << "seed " << seed;
        const auto rest = difference(a, b);
        EXPECT_EQ(normalised(rest), rest) << "seed " << seed;
        const auto from = singles(a), without = singles(b);
        std::set<Single> expected;
        std::set_difference(from.begin(), from.end(), without.begin(), without.end(),
                            std::inserter(expected, expected.end()));
        EXPECT_EQ(singles(rest), expected) << "seed " << seed;
    }
}

}  // namespace
}  // namespace portillon::account
