#include "run/machines.h"

#include <gtest/gtest.h>

namespace portillon::run {
namespace {

host::Facts facts(const char* machine, Nanos at, Nanos cpu, Nanos clock = {}, std::uint64_t overflows = 0) {
    return {.machine = machine,
            .cores = 2,
            .at = Instant{at},
            .cpu_used = cpu,
            .clock_offset = clock,
            .listen_overflows = overflows};
}

TEST(Machines, AreAsBusyAsTheBusiest) {
    Machines machines;
    machines.prepared(facts("a", 1s, 90s));
    machines.running(facts("a", 10s, 100s));
    machines.running(facts("b", 1000s, 7s));
    EXPECT_EQ(machines.use().cpu_share, 0) << "nothing to compare with";
    machines.running(facts("a", 20s, 105s));
    machines.running(facts("b", 1010s, 23s));
    EXPECT_DOUBLE_EQ(machines.use().cpu_share, 0.8);
}

TEST(Machines, AreHeardOnceHoweverManyProcessesTell) {
    Machines machines;
    machines.running(facts("a", 10s, 100s));
    machines.running(facts("a", 10s + 1ms, 100s));
    machines.running(facts("a", 20s, 110s));
    machines.running(facts("a", 20s - 1ms, 109s));  // older facts, from a slower process
    EXPECT_DOUBLE_EQ(machines.use().cpu_share, 0.5);
}

TEST(Machines, TellTheClockThatMovedMost) {
    Machines machines;
    machines.running(facts("a", 1s, 0s, 100s));
    machines.running(facts("b", 1s, 0s, 500s));
    machines.running(facts("a", 2s, 0s, 101s));
    machines.running(facts("b", 2s, 0s, 497s));
    EXPECT_EQ(machines.use().clock_step, -3s);
}

TEST(Machines, CountTheOverflowsSinceBeforeTheFirstDial) {
    Machines machines;
    machines.prepared(facts("a", 1s, 0s, 0s, 5));
    machines.prepared(facts("a", 2s, 0s, 0s, 6));
    machines.running(facts("a", 3s, 0s, 0s, 7));
    machines.running(facts("a", 4s, 0s, 0s, 9));
    EXPECT_EQ(machines.use().listen_overflows, 4u);
}

}  // namespace
}  // namespace portillon::run
