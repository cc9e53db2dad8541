#include "plan/delivery.h"

#include <gtest/gtest.h>

namespace portillon::plan {
namespace {

TEST(Delivery, KeepsWholeValidationsAndAtLeastOne) {
    EXPECT_EQ(cached_validations({.cache = Bytes{1'000}}, 100), 10u);
    EXPECT_EQ(cached_validations({.cache = Bytes{1'099}}, 100), 10u);
    EXPECT_EQ(cached_validations({.cache = Bytes{0}}, 100), 1u);
}

TEST(Delivery, PausesByItsPace) {
    EXPECT_EQ(pause_between_tries({}), 0s);
    EXPECT_EQ(pause_between_tries({.pace = Rate{4}}), 250ms);
    EXPECT_EQ(pause_between_tries({.pace = Rate{3}}), 333'333'333ns);
}

}  // namespace
}  // namespace portillon::plan
