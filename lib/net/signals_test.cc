#include "net/signals.h"

#include <gmock/gmock.h>

#include "base/clock.h"

namespace portillon::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

struct SignalsTest : ::testing::Test {
    auto note() {
        return [this](int signal) { came.push_back(signal); };
    }
    static bool is_blocked(int signal) {
        sigset_t mask;
        ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        return ::sigismember(&mask, signal) == 1;
    }
    MonotonicClock clock;
    Loop loop{clock};
    std::vector<int> came;
};

TEST_F(SignalsTest, AreToldFromTheLoopEachTimeTheyCome) {
    const Signals signals(loop, {SIGUSR1, SIGUSR2}, note());
    loop.poll();
    EXPECT_THAT(came, IsEmpty());
    std::raise(SIGUSR1);
    EXPECT_THAT(came, IsEmpty()) << "not from inside raise()";
    loop.poll();
    EXPECT_THAT(came, ElementsAre(SIGUSR1));
    loop.poll();
    EXPECT_THAT(came, ElementsAre(SIGUSR1));
    std::raise(SIGUSR1);
    loop.poll();
    EXPECT_THAT(came, ElementsAre(SIGUSR1, SIGUSR1));
}

TEST_F(SignalsTest, ThatComeTogetherAreAllTold) {
    const Signals signals(loop, {SIGUSR1, SIGUSR2}, note());
    std::raise(SIGUSR2);
    std::raise(SIGUSR1);
    std::raise(SIGUSR2);
    loop.poll();
    EXPECT_THAT(came, UnorderedElementsAre(SIGUSR1, SIGUSR2)) << "of one kind: one";
}

TEST_F(SignalsTest, WakeALoopThatSleeps) {
    struct Raising final : Deferred {
        void run() override { std::raise(SIGUSR1); }
    } raising;
    const Signals signals(loop, {SIGUSR1}, [this](int signal) {
        came.push_back(signal);
        loop.stop();
    });
    loop.later(raising);
    loop.run();
    EXPECT_THAT(came, ElementsAre(SIGUSR1));
}

// As Ctrl-C's is in what a shell starts in the background.
TEST_F(SignalsTest, AreToldEvenIfTheyWereIgnored) {
    const auto before = std::signal(SIGUSR1, SIG_IGN);
    {
        const Signals signals(loop, {SIGUSR1}, note());
        std::raise(SIGUSR1);
        loop.poll();
    }
    std::signal(SIGUSR1, before);
    EXPECT_THAT(came, ElementsAre(SIGUSR1));
}

TEST_F(SignalsTest, AreAsBeforeAfterwards) {
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
    {
        const Signals signals(loop, {SIGUSR1, SIGUSR2}, note());
        EXPECT_TRUE(is_blocked(SIGUSR1));
        EXPECT_TRUE(is_blocked(SIGUSR2));
    }
    EXPECT_FALSE(is_blocked(SIGUSR1));
    EXPECT_TRUE(is_blocked(SIGUSR2)) << "it was";
    ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
}

TEST_F(SignalsTest, ThatWereNotToldDoNothingLater) {
    {
        const Signals signals(loop, {SIGUSR1}, note());
        std::raise(SIGUSR1);
    }
    loop.poll();
    EXPECT_THAT(came, IsEmpty()) << "and this process lives";
}

}  // namespace
}  // namespace portillon::net
