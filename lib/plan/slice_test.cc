#include "plan/slice.h"

#include <gtest/gtest.h>

#include <set>

namespace portillon::plan {
namespace {

TEST(Slice, DealsEveryEquipmentToOneShard) {
    for (const std::uint32_t equipments : {1U, 2U, 7U, 50U}) {
        for (const unsigned shards : {1U, 2U, 3U, 7U, 9U}) {
            std::set<std::uint32_t> dealt;
            for (unsigned shard = 0; shard < shards; ++shard) {
                const auto slice = slice_of(equipments, shard, shards);
                for (std::uint32_t at = 0; at < slice.count; ++at) {
                    EXPECT_TRUE(dealt.insert(number_of(slice.at(at))).second);
                }
            }
            EXPECT_EQ(dealt.size(), equipments);
            EXPECT_EQ(*dealt.begin(), 1U);
            EXPECT_EQ(*dealt.rbegin(), equipments);
        }
    }
}

TEST(Slice, KnowsThePlaceOfItsEquipments) {
    const auto slice = slice_of(50, 2, 7);
    for (std::uint32_t index = 0; index < slice.count; ++index) {
        EXPECT_EQ(slice.index_of(slice.at(index)), index);
    }
}

}  // namespace
}  // namespace portillon::plan
