#include "net/signals.h"

#include <gmock/gmock.h>
#include <unistd.h>

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

// A shell ignores SIGINT in the programs that it starts in the background.
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

TEST_F(SignalsTest, ThatWereNotToldGoToTheHandlerOfBefore) {
    const RememberedSignals remembered;
    {
        const Signals signals(loop, {SIGTERM}, note());
        std::raise(SIGTERM);
        EXPECT_EQ(remembered.first(), 0);
    }
    EXPECT_EQ(remembered.first(), SIGTERM);
    EXPECT_THAT(came, IsEmpty());
}

TEST(StopSignals, LeaveOutAHangupThatIsIgnored) {
    const auto before = std::signal(SIGHUP, SIG_DFL);
    EXPECT_THAT(stop_signals(), UnorderedElementsAre(SIGINT, SIGTERM, SIGHUP));
    std::signal(SIGHUP, SIG_IGN);
    EXPECT_THAT(stop_signals(), UnorderedElementsAre(SIGINT, SIGTERM));
    std::signal(SIGHUP, before);
}

TEST(StopSignals, InsistUnlessTheyAreAnEcho) {
    struct Row {
        int first, again;
        Nanos after;
        bool insists;
    };
    for (const auto& row :
         {Row{SIGINT, SIGINT, 50ms, true}, Row{SIGTERM, SIGTERM, 50ms, false}, Row{SIGHUP, SIGHUP, 1s, false},
          Row{SIGHUP, SIGHUP, 1001ms, true}, Row{SIGTERM, SIGTERM, 5s, true}, Row{SIGHUP, SIGTERM, 50ms, true},
          Row{SIGTERM, SIGINT, 50ms, true}, Row{SIGINT, SIGTERM, 50ms, true}}) {
        EXPECT_EQ(insists({row.first, Instant{}}, {row.again, Instant{row.after}}), row.insists)
            << row.first << ", then " << row.again << " after " << format_duration(row.after);
    }
}

TEST(RememberedSignals, TakeTheFirstAndLetASecondEndTheProcess) {
    EXPECT_EXIT(
        {
            const RememberedSignals signals;
            std::raise(SIGHUP);
            std::raise(SIGHUP);  // an echo
            if (signals.first() == SIGHUP) {
                std::raise(SIGINT);
            }
            ::_exit(1);
        },
        ::testing::ExitedWithCode(128 + SIGINT), "");
    EXPECT_EXIT(
        {
            RememberedSignals signals;
            signals.remember(SIGINT);  // a loop heard it
            std::raise(SIGINT);
            ::_exit(1);
        },
        ::testing::ExitedWithCode(128 + SIGINT), "");
}

TEST(RememberedSignals, AreAsBeforeAfterwards) {
    { const RememberedSignals signals; }
    EXPECT_EXIT(std::raise(SIGTERM), ::testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace portillon::net
