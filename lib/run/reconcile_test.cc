#include "run/reconcile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"

namespace portillon::run {
namespace {

Range range(std::uint32_t equipment, Sequence first, Sequence last) {
    return {EquipmentId{equipment}, first, last};
}

TEST(Reconcile, ToldFromBothSidesExceptions) {
    struct Row {
        const char* what;
        std::vector<Range> unacknowledged, missing, lost, undelivered, unconfirmed;
    };
    const Row rows[] = {
        {"all is well", {}, {}, {}, {}, {}},
        {"acknowledged then lost", {}, {range(1, 5, 5)}, {range(1, 5, 5)}, {range(1, 5, 5)}, {}},
        {"never sent", {range(1, 9, 10)}, {range(1, 9, 10)}, {}, {range(1, 9, 10)}, {}},
        {"answer lost", {range(2, 3, 4)}, {}, {}, {}, {range(2, 3, 4)}},
        {"a lost tail behind what was never sent",
         {range(1, 8, 8)},
         {range(1, 6, 10)},
         {range(1, 6, 7), range(1, 9, 10)},
         {range(1, 6, 10)},
         {}},
        {"a silent equipment", {range(3, 1, 2)}, {range(3, 1, 100)}, {range(3, 3, 100)}, {range(3, 1, 100)}, {}},
        {"equipments do not mix",
         {range(1, 1, 9)},
         {range(2, 1, 9)},
         {range(2, 1, 9)},
         {range(2, 1, 9)},
         {range(1, 1, 9)}},
        {"out of order and in pieces",
         {range(1, 4, 4), range(1, 2, 3)},
         {range(1, 5, 5), range(1, 3, 4)},
         {range(1, 5, 5)},
         {range(1, 3, 5)},
         {range(1, 2, 2)}},
    };
    for (const Row& row : rows) {
        const auto result = reconcile(row.unacknowledged, row.missing);
        EXPECT_EQ(result.lost, row.lost) << row.what;
        EXPECT_EQ(result.undelivered, row.undelivered) << row.what;
        EXPECT_EQ(result.unconfirmed, row.unconfirmed) << row.what;
    }
}

TEST(Reconcile, AgreesWithSetsOfSingleValidations) {
    const std::uint64_t seed = 7;
    Random random{seed};
    using Single = std::pair<std::uint32_t, Sequence>;
    for (int round = 0; round < 300; ++round) {
        std::vector<Range> waiting, missing;
        std::set<Single> waiting_set, missing_set;
        for (int i = 0; i < 12; ++i) {
            const auto equipment = static_cast<std::uint32_t>(1 + random.next() % 3);
            const Sequence first = 1 + random.next() % 30;
            const Sequence last = first + random.next() % 8;
            const bool into_waiting = random.next() % 2 == 0;
            (into_waiting ? waiting : missing).push_back(range(equipment, first, last));
            for (Sequence s = first; s <= last; ++s) {
                (into_waiting ? waiting_set : missing_set).insert({equipment, s});
            }
        }
        const auto result = reconcile(waiting, missing);
        std::set<Single> lost, unconfirmed;
        std::set_difference(missing_set.begin(), missing_set.end(), waiting_set.begin(), waiting_set.end(),
                            std::inserter(lost, lost.end()));
        std::set_difference(waiting_set.begin(), waiting_set.end(), missing_set.begin(), missing_set.end(),
                            std::inserter(unconfirmed, unconfirmed.end()));
        EXPECT_EQ(count_of(result.lost), lost.size()) << "seed " << seed << " round " << round;
        EXPECT_EQ(count_of(result.undelivered), missing_set.size()) << "seed " << seed << " round " << round;
        EXPECT_EQ(count_of(result.unconfirmed), unconfirmed.size()) << "seed " << seed << " round " << round;
    }
}

}  // namespace
}  // namespace portillon::run
