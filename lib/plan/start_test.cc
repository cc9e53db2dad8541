#include "plan/start.h"

#include <gtest/gtest.h>

namespace portillon::plan {
namespace {

TEST(Start, ByRateIsAtT0) {
    EXPECT_EQ(start_of(StartByRate{Rate{5}, 1s}, EquipmentId{1'000}), 0s);
}

TEST(Start, ByStepsIsStepByStep) {
    const Start start = StartBySteps{.step = 3, .every = 2s};
    EXPECT_EQ(start_of(start, EquipmentId{1}), 0s);
    EXPECT_EQ(start_of(start, EquipmentId{3}), 0s);
    EXPECT_EQ(start_of(start, EquipmentId{4}), 2s);
    EXPECT_EQ(start_of(start, EquipmentId{1'000'000}), 2s * 333'333);
}

}  // namespace
}  // namespace portillon::plan
