#include "net/readiness.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace portillon::net {
namespace {

struct SocketPair {
    SocketPair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0); }
    ~SocketPair() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    int near() const { return ends[0]; }
    void say(const std::string& text) const {
        EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    std::array<int, 2> ends{};
};

struct ReadyWatcher final : Watcher {
    void ready(Ready now) override {
        heard.push_back(now);
        if (then) {
            then();
        }
    }
    std::vector<Ready> heard;
    std::function<void()> then;
};

struct Watched : ::testing::Test {
    void SetUp() override { ASSERT_FALSE(readiness.open()); }
    std::function<void()> before_each = [] {};
    Readiness readiness{[this] { before_each(); }};
};

TEST_F(Watched, IsToldOfWhatIsSoAlreadyAndThenOnlyOfWhatIsNew) {
    const SocketPair pair;
    ReadyWatcher ear;
    pair.say("a");
    ASSERT_FALSE(readiness.watch(pair.near(), ear));
    readiness.serve(Nanos{0});
    ASSERT_EQ(ear.heard.size(), 1u);
    EXPECT_TRUE(ear.heard[0].to_read);
    EXPECT_TRUE(ear.heard[0].to_write);
    EXPECT_FALSE(ear.heard[0].to_end);
    readiness.serve(Nanos{0});
    EXPECT_EQ(ear.heard.size(), 1u);
    pair.say("b");
    readiness.serve(Nanos{0});
    EXPECT_EQ(ear.heard.size(), 2u);
    readiness.unwatch(pair.near(), ear);
}

TEST_F(Watched, IsToldWhenTheOtherEndIsThrough) {
    const SocketPair pair;
    ReadyWatcher ear;
    ASSERT_FALSE(readiness.watch(pair.near(), ear));
    readiness.serve(Nanos{0});
    ::shutdown(pair.ends[1], SHUT_WR);
    readiness.serve(Nanos{0});
    ASSERT_EQ(ear.heard.size(), 2u);
    EXPECT_TRUE(ear.heard[1].to_end);
    readiness.unwatch(pair.near(), ear);
}

TEST_F(Watched, IsNotCalledOnceItIsWatchedNoMoreNotEvenInTheSameTurn) {
    const SocketPair one, other;
    ReadyWatcher ear, victim;
    ASSERT_FALSE(readiness.watch(one.near(), ear));
    ASSERT_FALSE(readiness.watch(other.near(), victim));
    ear.then = [&] { readiness.unwatch(other.near(), victim); };
    victim.then = [&] { readiness.unwatch(one.near(), ear); };
    readiness.serve(Nanos{0});
    EXPECT_EQ(ear.heard.size() + victim.heard.size(), 1u);
}

TEST_F(Watched, WaitsForWhatIsToBeDoneBefore) {
    const SocketPair one, other;
    ReadyWatcher first, second;
    std::string order;
    first.then = second.then = [&] { order += "read "; };
    before_each = [&] { order += "before "; };
    ASSERT_FALSE(readiness.watch(one.near(), first));
    ASSERT_FALSE(readiness.watch(other.near(), second));
    readiness.serve(Nanos{0});
    EXPECT_EQ(order, "before read before read ");
    readiness.unwatch(one.near(), first);
    readiness.unwatch(other.near(), second);
}

// From here on epoll_pwait2(2) fails in this process as on a kernel before Linux 5.11.
bool forget_epoll_pwait2() {
    std::array program{
        sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{.len = program.size(), .filter = program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 &&
           ::syscall(SYS_epoll_pwait2, -1, nullptr, 0, nullptr, nullptr, 0) < 0 && errno == ENOSYS;
}

void wait_and_hear() {
    const SocketPair pair;
    ReadyWatcher ear;
    Readiness readiness{[] {}};
    const auto heard_when = [&](Nanos most) { return readiness.serve(most) ? ear.heard.size() : 0; };
    const bool watched = !readiness.open() && !readiness.watch(pair.near(), ear);
    const bool at_first = heard_when(Nanos{0}) == 1;  // it can be written to
    pair.say("a");
    const bool at_once = heard_when(1h) == 2;
    const auto before = std::chrono::steady_clock::now();
    const bool in_vain = heard_when(2ms) == 0 && std::chrono::steady_clock::now() - before >= 2ms;
    readiness.unwatch(pair.near(), ear);
    ::_exit(watched && at_first && at_once && in_vain ? 0 : 1);
}

TEST(Readiness, WaitsOnAKernelWithoutEpollPwait2Too) {
    EXPECT_EXIT(forget_epoll_pwait2() ? wait_and_hear() : ::_exit(2), ::testing::ExitedWithCode(0), "");
}

TEST_F(Watched, SaysWhatCannotBeWatched) {
    ReadyWatcher ear;
    EXPECT_TRUE(readiness.watch(-1, ear));
}

}  // namespace
}  // namespace portillon::net
