#include "net/faults/direction.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace portillon::net::faults {
namespace {

constexpr Instant begin{1h};

struct Up {
    void add(std::string_view text, Nanos ready) { way.add(std::as_bytes(std::span(text)), begin + ready); }
    std::string take(Nanos now) {
        const auto bytes = way.take(begin + now);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    void apply(const portillon::faults::Condition& condition, Nanos now) { way.apply(condition, begin + now); }

    net::faults::Direction way{portillon::faults::Direction::up};
};

TEST(Direction, PassesAtOnceWithoutAFaultAndBehindNothing) {
    Up up;
    EXPECT_TRUE(up.way.passes_at_once());
    up.apply({.delay = 10ms}, 0s);
    EXPECT_FALSE(up.way.passes_at_once());
    up.add("late", 10ms);
    up.apply({}, 1ms);
    EXPECT_FALSE(up.way.passes_at_once()) << "it would overtake";
    EXPECT_EQ(up.take(10ms), "late");
    EXPECT_TRUE(up.way.passes_at_once());
}

TEST(Direction, SuffersItsOwnFaultsOnly) {
    Up up;
    up.apply({.down_bytes_per_s = 1, .down_silent = true}, 0s);
    EXPECT_TRUE(up.way.passes_at_once());
    up.apply({.up_bytes_per_s = 1'000, .up_silent = true}, 0s);
    EXPECT_TRUE(up.way.is_silent());
    EXPECT_EQ(up.way.bytes_per_s(), 1'000);
}

TEST(Direction, LetsNothingThroughInASilence) {
    Up up;
    up.apply({.up_silent = true}, 0s);
    up.add("held", 0s);
    up.way.end(begin);
    EXPECT_EQ(up.take(1s), "");
    EXPECT_EQ(up.way.next(), never);
    EXPECT_FALSE(up.way.is_delivered());
    EXPECT_FALSE(up.way.take_end(begin + 1s));
    up.apply({}, 2s);
    EXPECT_LE(up.way.next(), begin + 2s);
    EXPECT_EQ(up.take(2s), "held");
    EXPECT_TRUE(up.way.take_end(begin + 2s));
}

TEST(Direction, EndsOnceBehindAllBytes) {
    Up up;
    up.add("a", 5ms);
    up.way.end(begin + 3ms);
    EXPECT_TRUE(up.way.has_end());
    EXPECT_EQ(up.way.next(), begin + 5ms);
    EXPECT_FALSE(up.way.take_end(begin + 4ms));
    up.take(5ms);
    EXPECT_TRUE(up.way.take_end(begin + 5ms));
    EXPECT_FALSE(up.way.take_end(begin + 5ms));
    up.way.end(begin + 6ms);  // a reset after an orderly end
    EXPECT_FALSE(up.way.take_end(begin + 6ms));
    EXPECT_EQ(up.way.next(), never);
}

TEST(Direction, WaitsForAnEndThatIsUnderWayAndForgetsIt) {
    Up up;
    up.way.end(begin + 3ms);
    EXPECT_EQ(up.way.next(), begin + 3ms);
    EXPECT_FALSE(up.way.take_end(begin + 2ms));
    up.way.forget_end();
    EXPECT_FALSE(up.way.has_end());
    EXPECT_EQ(up.way.next(), never);
}

}  // namespace
}  // namespace portillon::net::faults
