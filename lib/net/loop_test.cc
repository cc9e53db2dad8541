#include "net/loop.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <memory>

#include "net/task_group.h"
#include "net/wakeup.h"
#include "testing/simulation.h"

namespace portillon::net {
namespace {

struct Note : Deferred {
    std::vector<int>* heard;
    int number;
    Note(std::vector<int>& where, int which) : heard(&where), number(which) {}
    void run() override { heard->push_back(number); }
};

TEST(Loop, RunsDeferredWorkOnceAfterWhatIsReady) {
    testing::Simulation simulation;
    std::vector<int> heard;
    Note note{heard, 1};
    asio::post(simulation.loop().io(), [&] {
        simulation.loop().later(note);
        simulation.loop().later(note);
        heard.push_back(0);
    });
    simulation.settle();
    EXPECT_EQ(heard, (std::vector<int>{0, 1}));
}

TEST(Loop, ForgetsDeferredWorkThatIsDestroyed) {
    testing::Simulation simulation;
    std::vector<int> heard;
    auto gone = std::make_unique<Note>(heard, 1);
    struct Killer : Deferred {
        std::unique_ptr<Note>& victim;
        explicit Killer(std::unique_ptr<Note>& which) : victim(which) {}
        void run() override { victim.reset(); }
    } killer{gone};
    simulation.loop().later(killer);
    simulation.loop().later(*gone);
    simulation.settle();
    EXPECT_TRUE(heard.empty());
}

Task<void> wait_twice(Loop& loop, Wakeup& wakeup, std::vector<Instant>& seen) {
    co_await wakeup.until(loop.now() + 1h);
    seen.push_back(loop.now());
    co_await wakeup.until(never);
    seen.push_back(loop.now());
}

TEST(Wakeup, CompletesAtTheDeadlineOrWhenWoken) {
    testing::Simulation simulation;
    const Instant start = simulation.loop().now();
    Wakeup wakeup(simulation.loop());
    TaskGroup tasks(simulation.loop());
    std::vector<Instant> seen;
    tasks.spawn(wait_twice(simulation.loop(), wakeup, seen));
    simulation.run_for(2h);
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0], start + 1h);
    wakeup.wake();
    simulation.settle();
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[1], start + 2h);
    EXPECT_EQ(tasks.running(), 0u);
}

TEST(Wakeup, RemembersAWakeThatCameFirst) {
    testing::Simulation simulation;
    Wakeup wakeup(simulation.loop());
    TaskGroup tasks(simulation.loop());
    wakeup.wake();
    std::vector<Instant> seen;
    tasks.spawn(wait_twice(simulation.loop(), wakeup, seen));
    simulation.settle();
    EXPECT_EQ(seen.size(), 1u);
    wakeup.wake();
    simulation.settle();
    EXPECT_EQ(seen.size(), 2u);
}

}  // namespace
}  // namespace portillon::net
