#include "link/stream_link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace portillon::link {
namespace {

struct Pair {
    MonotonicClock clock;
    net::Loop loop{clock};
    int ends[2] = {-1, -1};
    Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0); }
};

TEST(StreamLink, CarriesMessagesWholeHoweverLarge) {
    Pair pair;
    StreamLink a(pair.loop, pair.ends[0]);
    StreamLink b(pair.loop, pair.ends[1]);
    std::vector<std::string> heard;
    a.start([](const auto&) {}, [&](const error_code&) {});
    b.start(
        [&](const v1::LinkMessage& message) {
            heard.push_back(message.ready().problem());
            if (heard.size() == 3) {
                pair.loop.stop();
            }
        },
        [&](const error_code&) { pair.loop.stop(); });
    for (const std::size_t size : {std::size_t{0}, std::size_t{500'000}, std::size_t{5}}) {
        v1::LinkMessage message;
        message.mutable_ready()->set_problem(std::string(size, 'x'));
        a.send(message);
    }
    pair.loop.run();
    ASSERT_EQ(heard.size(), 3u);
    EXPECT_EQ(heard[1].size(), 500'000u);
    EXPECT_EQ(heard[2], "xxxxx");
}

TEST(StreamLink, SaysWhenTheOtherEndIsGone) {
    Pair pair;
    StreamLink a(pair.loop, pair.ends[0]);
    error_code cause;
    a.start([](const auto&) {},
            [&](const error_code& why) {
                cause = why;
                pair.loop.stop();
            });
    ::close(pair.ends[1]);
    pair.loop.run();
    EXPECT_EQ(cause_name(cause), "closed");
}

TEST(StreamLink, IsGoneAndNotNonsensicalWhenTheOtherDiesBeforeItReadsAll) {
    Pair pair;
    StreamLink a(pair.loop, pair.ends[0]);
    error_code cause;
    a.start([](const auto&) {},
            [&](const error_code& why) {
                cause = why;
                pair.loop.stop();
            });
    v1::LinkMessage message;
    message.mutable_bye();
    a.send(message);
    ::close(pair.ends[1]);
    pair.loop.run();
    EXPECT_EQ(cause_name(cause), "reset");
    EXPECT_FALSE(spoke_nonsense(cause));
}

TEST(StreamLink, EndsOnBytesThatAreNoMessage) {
    Pair pair;
    StreamLink a(pair.loop, pair.ends[0]);
    bool over = false;
    a.start([](const auto&) { ADD_FAILURE(); },
            [&](const error_code& cause) {
                over = spoke_nonsense(cause);
                pair.loop.stop();
            });
    const unsigned char nonsense[] = {3, 0, 0, 0, 0xff, 0xff, 0xff};
    ASSERT_EQ(::write(pair.ends[1], nonsense, sizeof nonsense), static_cast<ssize_t>(sizeof nonsense));
    pair.loop.run();
    EXPECT_TRUE(over);
    ::close(pair.ends[1]);
}

}  // namespace
}  // namespace portillon::link
