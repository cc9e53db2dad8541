#include "net/readiness.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace portillon::net {
namespace {

struct Pair {
    Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0); }
    ~Pair() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    int near() const { return ends[0]; }
    void say(const std::string& text) const {
        EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    std::array<int, 2> ends{};
};

struct Ear final : Watcher {
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
    const Pair pair;
    Ear ear;
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
    const Pair pair;
    Ear ear;
    ASSERT_FALSE(readiness.watch(pair.near(), ear));
    readiness.serve(Nanos{0});
    ::shutdown(pair.ends[1], SHUT_WR);
    readiness.serve(Nanos{0});
    ASSERT_EQ(ear.heard.size(), 2u);
    EXPECT_TRUE(ear.heard[1].to_end);
    readiness.unwatch(pair.near(), ear);
}

TEST_F(Watched, IsNotCalledOnceItIsWatchedNoMoreNotEvenInTheSameTurn) {
    const Pair one, other;
    Ear ear, victim;
    ASSERT_FALSE(readiness.watch(one.near(), ear));
    ASSERT_FALSE(readiness.watch(other.near(), victim));
    ear.then = [&] { readiness.unwatch(other.near(), victim); };
    victim.then = [&] { readiness.unwatch(one.near(), ear); };
    readiness.serve(Nanos{0});
    EXPECT_EQ(ear.heard.size() + victim.heard.size(), 1u);
}

TEST_F(Watched, WaitsForWhatIsToBeDoneBefore) {
    const Pair one, other;
    Ear first, second;
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

TEST_F(Watched, SaysWhatCannotBeWatched) {
    Ear ear;
    EXPECT_TRUE(readiness.watch(-1, ear));
}

}  // namespace
}  // namespace portillon::net
