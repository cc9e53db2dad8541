#include "net/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <functional>
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
    asio::post(simulation.loop().executor(), [&] {
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

struct Bell final : Alarm {
    void ring(Instant) override { then(); }
    std::function<void()> then;
};

struct Reading final : Watcher {
    void ready(Ready) override { then(); }
    std::function<void()> then;
};

TEST(Loop, SendsWhatFallsDueBeforeItReadsOn) {
    testing::SimulatedClock clock;
    Loop loop(clock);
    std::vector<int> heard;
    Note send{heard, 2};
    Bell bell;
    bell.then = [&] {
        heard.push_back(1);
        loop.later(send);
    };
    Reading first, second;
    first.then = second.then = [&] {
        heard.push_back(0);
        clock.jump_to(clock.now() + 1ms);
    };
    int one[2], other[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, one), 0);
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
    ASSERT_FALSE(loop.watch(one[0], first));
    ASSERT_FALSE(loop.watch(other[0], second));
    loop.timers().set(bell, clock.now() + 1ms);
    loop.poll();
    EXPECT_EQ(heard, (std::vector<int>{0, 1, 2, 0}));
    loop.unwatch(one[0], first);
    loop.unwatch(other[0], second);
    for (const int descriptor : {one[0], one[1], other[0], other[1]}) {
        ::close(descriptor);
    }
}

TEST(Loop, DoesNotLetCoroutinesThatNeverRestKeepAlarmsWaiting) {
    testing::SimulatedClock clock;
    Loop loop(clock);
    Bell bell;
    bool rung = false, restless = true;
    bell.then = [&] { rung = true; };
    std::function<void()> again = [&] { restless ? asio::post(loop.executor(), again) : void(); };
    again();
    loop.timers().set(bell, clock.now() + 1ms);
    EXPECT_TRUE(loop.poll());
    EXPECT_FALSE(rung);
    clock.jump_to(clock.now() + 1ms);
    EXPECT_TRUE(loop.poll());
    EXPECT_TRUE(rung);
    restless = false;
    loop.poll();
}

TEST(Loop, RingsAlarmsAfterShortAndLongSleepsAndNoneEarly) {
    const MonotonicClock clock;
    Loop loop(clock);
    Bell bell;
    std::vector<Instant> due, rung;
    bell.then = [&] {
        rung.push_back(clock.now());
        if (due.size() == 3) {
            loop.stop();
        } else {
            due.push_back(clock.now() + 3ms);
            loop.timers().set(bell, due.back());
        }
    };
    due.push_back(clock.now() + 200us);
    loop.timers().set(bell, due.back());
    loop.run();
    ASSERT_EQ(rung.size(), 3u);
    for (std::size_t i = 0; i < due.size(); ++i) {
        EXPECT_GE(rung[i], due[i]);
    }
}

TEST(Loop, WakesForASocketAndRunsAgainAfterAStop) {
    const MonotonicClock clock;
    Loop loop(clock);
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    Reading reading;
    int heard = 0;
    reading.then = [&] {
        ++heard;
        loop.stop();
    };
    ASSERT_FALSE(loop.watch(ends[0], reading));
    loop.run();  // it can be written to
    Bell bell;
    bell.then = [&] { EXPECT_EQ(::write(ends[1], "a", 1), 1); };
    loop.timers().set(bell, clock.now() + 2ms);
    loop.run();
    EXPECT_EQ(heard, 2);
    loop.unwatch(ends[0], reading);
    ::close(ends[0]);
    ::close(ends[1]);
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
