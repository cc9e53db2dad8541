// In the steady state a message costs no allocation. Counted with an operator new of this program (counted_new.cc).

#include <gtest/gtest.h>

#include "drivers/mqtt/busy_fleet.h"

extern std::uint64_t allocations;

namespace portillon::mqtt {
namespace {

TEST(MqttAllocation, NoneForAMessageInTheSteadyState) {
    for (const char* options : {R"({"version": 5})", R"({"version": "3.1.1"})", R"({"qos": 0})"}) {
        BusyFleet fleet(options, 50, 3, 300);
        fleet.settle(10'000);
        const auto before = allocations;
        fleet.settle(100'000);
        EXPECT_EQ(allocations - before, 0u) << options;
    }
}

}  // namespace
}  // namespace portillon::mqtt
