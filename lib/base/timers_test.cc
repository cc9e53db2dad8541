#include "base/timers.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/random.h"

namespace portillon {
namespace {

struct Bell : Alarm {
    std::vector<int>* heard;
    int number;
    Bell(std::vector<int>& where, int which) : heard(&where), number(which) {}
    void ring(Instant) override { heard->push_back(number); }
};

Instant at(std::int64_t count) {
    return Instant{Nanos{count}};
}

TEST(Timers, RingsInOrderOfTimeThenOfSetting) {
    Timers timers;
    std::vector<int> heard;
    Bell a{heard, 1}, b{heard, 2}, c{heard, 3};
    timers.set(a, at(20));
    timers.set(b, at(10));
    timers.set(c, at(20));
    EXPECT_EQ(timers.next(), at(10));
    timers.run_due(at(19));
    EXPECT_EQ(heard, (std::vector<int>{2}));
    timers.run_due(at(20));
    EXPECT_EQ(heard, (std::vector<int>{2, 1, 3}));
    EXPECT_TRUE(timers.empty());
    EXPECT_EQ(timers.next(), never);
}

TEST(Timers, ForgetsWhatIsCancelledMovedOrDestroyed) {
    Timers timers;
    std::vector<int> heard;
    Bell a{heard, 1}, b{heard, 2};
    auto c = std::make_unique<Bell>(heard, 3);
    timers.set(a, at(1));
    timers.set(b, at(2));
    timers.set(*c, at(3));
    a.cancel();
    timers.set(b, at(5));
    c.reset();
    timers.run_due(at(4));
    EXPECT_TRUE(heard.empty());
    timers.run_due(at(5));
    EXPECT_EQ(heard, (std::vector<int>{2}));
}

TEST(Timers, KeepsTheOrderOfAnyMixOfSettingAndCancelling) {
    const std::uint64_t seed = 42;
    Random random{seed};
    Timers timers;
    std::vector<int> heard;
    std::vector<std::unique_ptr<Bell>> bells;
    for (int i = 0; i < 500; ++i) {
        bells.push_back(std::make_unique<Bell>(heard, i));
        timers.set(*bells.back(), at(static_cast<std::int64_t>(random.next() % 1000)));
    }
    for (int i = 0; i < 200; ++i) {
        auto& bell = *bells[random.next() % 500];
        if (random.next() % 2 == 0) {
            bell.cancel();
        } else {
            timers.set(bell, at(static_cast<std::int64_t>(random.next() % 1000)));
        }
    }
    std::size_t armed = 0;
    for (const auto& bell : bells) {
        armed += bell->armed() ? 1 : 0;
    }
    std::vector<Instant> due;
    for (std::int64_t t = 0; t <= 1000; ++t) {
        const auto before = heard.size();
        timers.run_due(at(t));
        for (auto i = before; i < heard.size(); ++i) {
            EXPECT_EQ(bells[static_cast<std::size_t>(heard[i])]->at(), at(t)) << "seed " << seed;
        }
    }
    EXPECT_EQ(heard.size(), armed) << "seed " << seed;
}

}  // namespace
}  // namespace portillon
