// In the steady state a message costs no allocation: this program counts with an operator new of its own.

#include <gtest/gtest.h>

#include "drivers/mqtt/busy_fleet.h"
#include "testing/counted_new.h"

namespace portillon::drivers::mqtt {
namespace {

TEST(MqttAllocation, NoneForAMessageInTheSteadyState) {
    for (const char* options : {R"({"version": 5})", R"({"version": "3.1.1"})", R"({"qos": 0})", R"({"qos": 2})",
                                R"({"version": "3.1.1", "qos": 2})"}) {
        BusyFleet fleet(options, 50, 3, 300);
        fleet.settle(10'000);
        const auto before = testing::allocations_so_far();
        fleet.settle(100'000);
        EXPECT_EQ(testing::allocations_so_far() - before, 0u) << options;
    }
}

}  // namespace
}  // namespace portillon::drivers::mqtt
