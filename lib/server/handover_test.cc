// Sockets between shards; here all of one process, on one loop.

#include "server/handover.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

#include "base/clock.h"
#include "net/endpoint.h"
#include "net/local.h"
#include "net/tcp.h"
#include "testing/simulation.h"

namespace portillon::server {
namespace {

using ::testing::ElementsAre;

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

// While it lives this process gets no descriptor.
class NoDescriptors {
public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;

private:
    rlimit before_{};
};

// A shard that tells who came, and answers what they say.
class Host {
public:
    Host(net::Loop& loop, const std::string& group, unsigned number, unsigned shards)
        : handover(loop, traffic, group, number, shards,
                   [this](const std::string& listener, std::unique_ptr<net::Transport> transport,
                          std::span<const std::byte> read) {
                       const std::string text(reinterpret_cast<const char*>(read.data()), read.size());
                       arrived.push_back(listener + (transport ? " " + text : " lost"));
                       if (transport) {
                           transport->write(bytes_of("welcome"));
                           transports.push_back(std::move(transport));
                       }
                   }) {
        EXPECT_FALSE(handover.listen());
    }

    net::Traffic traffic;
    std::vector<std::string> arrived;
    std::vector<std::unique_ptr<net::Transport>> transports;
    Handover handover;
};

class HandoverTest : public ::testing::Test {
protected:
    explicit HandoverTest() {
        static int tests = 0;
        group_ = "portillon-test-" + std::to_string(::getpid()) + "-" + std::to_string(++tests);
        for (unsigned number = 0; number < 3; ++number) {
            hosts_.push_back(std::make_unique<Host>(loop_, group_, number, 3));
        }
        for (auto& host : hosts_) {
            EXPECT_TRUE(host->handover.join());
        }
        acceptor_ = std::make_unique<net::Acceptor>(loop_, traffic_, [this](std::unique_ptr<net::Transport> transport) {
            accepted_.push_back(std::move(transport));
        });
        EXPECT_FALSE(acceptor_->listen(*net::parse_endpoint("127.0.0.1:0")));
        turn();
    }

    void turn() {
        while (loop_.poll()) {
        }
    }

    // The client's socket; the other end is accepted_.back().
    int connect() {
        const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto at = acceptor_->at();
        EXPECT_EQ(::connect(client, at.data(), static_cast<socklen_t>(at.size())), 0);
        for (const std::size_t before = accepted_.size(); accepted_.size() == before;) {
            loop_.poll();
        }
        return client;
    }

    // A connection that the `by`-th has accepted, and read `read` of; the client's socket.
    int hand_over(unsigned by, std::uint64_t key, const std::string& read) {
        const int client = connect();
        hosts_[by]->handover.send(key, "mqtt", std::move(accepted_.back()), bytes_of(read));
        turn();
        return client;
    }

    // More than the kernel holds between two shards, and no turn in between; the clients' sockets.
    std::vector<int> hand_over_many(std::uint64_t key) { return hand_over_many(key, 300, std::string(4'000, 'x')); }
    std::vector<int> hand_over_many(std::uint64_t key, int count, const std::string& read) {
        accepted_.clear();
        std::vector<int> clients;
        for (int i = 0; i < count; ++i) {
            clients.push_back(connect());
        }
        for (auto& each : accepted_) {
            hosts_[0]->handover.send(key, "mqtt", std::move(each), bytes_of(read));
        }
        return clients;
    }

    static std::string said_to(int client) {
        char buffer[16];
        const ssize_t got = ::recv(client, buffer, sizeof buffer, MSG_DONTWAIT);
        ::close(client);
        return {buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    }

    std::string group_;
    MonotonicClock clock_;
    net::Loop loop_{clock_};
    net::Traffic traffic_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::unique_ptr<net::Acceptor> acceptor_;
    std::vector<std::unique_ptr<net::Transport>> accepted_;
};

TEST_F(HandoverTest, AConnectionGoesWithWhatWasReadOfIt) {
    EXPECT_TRUE(hosts_[1]->handover.is_here(4));
    EXPECT_FALSE(hosts_[0]->handover.is_here(4));
    const std::string large(150'000, 'x');
    EXPECT_EQ(said_to(hand_over(0, 4, "hello")), "welcome");
    EXPECT_EQ(said_to(hand_over(2, 4, large)), "welcome");
    EXPECT_EQ(said_to(hand_over(1, 3, "")), "welcome");
    EXPECT_THAT(hosts_[1]->arrived, ElementsAre("mqtt hello", "mqtt " + large));
    EXPECT_THAT(hosts_[0]->arrived, ElementsAre("mqtt "));
}

TEST_F(HandoverTest, WhatBelongsToADeadOneComesBackToTheOneInItsPlace) {
    constexpr std::uint64_t key = 1;
    hosts_[1].reset();
    turn();
    EXPECT_EQ(said_to(hand_over(0, key, "away")), "welcome");
    hosts_[1] = std::make_unique<Host>(loop_, group_, 1, 3);
    EXPECT_TRUE(hosts_[1]->handover.join());
    turn();
    EXPECT_EQ(said_to(hand_over(0, key, "one")), "welcome") << "who knew that it was dead";
    EXPECT_EQ(said_to(hand_over(2, key, "two")), "welcome") << "who did not";
    EXPECT_THAT(hosts_[1]->arrived, ElementsAre("mqtt one", "mqtt two"));
    EXPECT_EQ(said_to(hand_over(1, 2, "three")), "welcome") << "and it reaches the others";
    EXPECT_THAT(hosts_[2]->arrived, ElementsAre("mqtt away", "mqtt three"));
}

TEST_F(HandoverTest, TwoThatWereDeadFindEachOther) {
    hosts_[1].reset();
    hosts_[2].reset();
    turn();
    hosts_[1] = std::make_unique<Host>(loop_, group_, 1, 3);
    hosts_[1]->handover.expect_none_of(2);
    EXPECT_TRUE(hosts_[1]->handover.join());
    EXPECT_TRUE(hosts_[1]->handover.is_here(1));
    hosts_[2] = std::make_unique<Host>(loop_, group_, 2, 3);
    EXPECT_TRUE(hosts_[2]->handover.join());
    turn();
    EXPECT_EQ(said_to(hand_over(1, 2, "one")), "welcome");
    EXPECT_EQ(said_to(hand_over(2, 1, "two")), "welcome");
    EXPECT_THAT(hosts_[2]->arrived, ElementsAre("mqtt one"));
    EXPECT_THAT(hosts_[1]->arrived, ElementsAre("mqtt two"));
}

TEST_F(HandoverTest, WhatBelongsToADeadOneGoesToOneThatLives) {
    constexpr std::uint64_t key = 1;  // of those whose second place is the third shard
    hosts_[1].reset();
    turn();
    EXPECT_EQ(said_to(hand_over(0, key, "one")), "welcome");
    EXPECT_EQ(said_to(hand_over(0, key, "two")), "welcome");
    EXPECT_EQ(said_to(hand_over(2, key, "three")), "welcome") << "itself: it did not know before";
    EXPECT_TRUE(hosts_[2]->handover.is_here(key));
    EXPECT_THAT(hosts_[2]->arrived, ElementsAre("mqtt one", "mqtt two", "mqtt three"));
    hosts_[2].reset();
    turn();
    EXPECT_EQ(said_to(hand_over(0, key, "four")), "welcome");
    EXPECT_THAT(hosts_[0]->arrived, ElementsAre("mqtt four"));
}

TEST_F(HandoverTest, WhatBelongsToADeadOneIsSharedByThoseThatLive) {
    hosts_[1].reset();
    turn();
    for (const unsigned by : {0U, 2U}) {
        hand_over(by, 1, "so that it knows");
    }
    unsigned first = 0, third = 0;
    for (std::uint64_t key = 0; key < 3'000; ++key) {
        const bool with_first = hosts_[0]->handover.is_here(key);
        EXPECT_NE(with_first, hosts_[2]->handover.is_here(key)) << "one of them, and they agree: " << key;
        if (key % 3 == 1) {
            ++(with_first ? first : third);
        } else {
            EXPECT_EQ(with_first, key % 3 == 0) << "who lives keeps what it has: " << key;
        }
    }
    EXPECT_GT(first, 450U) << "of 1,000";
    EXPECT_GT(third, 450U);
}

TEST_F(HandoverTest, WaitsForAShardThatIsBusy) {
    const auto clients = hand_over_many(1);
    EXPECT_TRUE(hosts_[1]->arrived.empty());
    turn();
    EXPECT_EQ(hosts_[1]->arrived.size(), clients.size());
    for (const int client : clients) {
        EXPECT_EQ(said_to(client), "welcome");
    }
}

// The kernel holds all of them, and says so once.
TEST_F(HandoverTest, TakesWhatCameAtOnceThoughItIsMoreThanATurnTakes) {
    const auto clients = hand_over_many(1, 150, "hello");
    loop_.poll();
    turn();
    EXPECT_EQ(hosts_[1]->arrived.size(), clients.size());
    for (const int client : clients) {
        EXPECT_EQ(said_to(client), "welcome");
    }
}

TEST_F(HandoverTest, WhoHasNoDescriptorLeftLosesThatConnectionAndNoOther) {
    const int client = connect();
    hosts_[0]->handover.send(1, "mqtt", std::move(accepted_.back()), bytes_of("lost"));
    {
        const NoDescriptors none;
        turn();
    }
    EXPECT_EQ(said_to(client), "");
    EXPECT_EQ(said_to(hand_over(0, 1, "found")), "welcome");
    EXPECT_THAT(hosts_[1]->arrived, ElementsAre("mqtt lost", "mqtt found"));
}

TEST_F(HandoverTest, WhatWaitedForADeadOneGoesToTheNext) {
    const auto clients = hand_over_many(1);
    hosts_[1].reset();
    turn();
    std::size_t welcome = 0;
    for (const int client : clients) {
        welcome += said_to(client) == "welcome" ? 1 : 0;
    }
    EXPECT_GT(welcome, 0u) << "what the kernel had not taken";
    EXPECT_EQ(hosts_[2]->arrived.size(), welcome);
}

TEST_F(HandoverTest, AConnectionWithoutASocketIsLost) {
    struct NoSocket final : net::Transport {
        net::Task<error_code> connect(Instant) override { co_return error_code{}; }
        void start(Reader&) override {}
        void write(std::span<const std::byte>) override {}
        std::size_t unsent() const override { return 0; }
        void pause() override {}
        void resume() override {}
        void shut() override {}
        void close() override {}
        void reset() override {}
    };
    hosts_[0]->handover.send(1, "mqtt", std::make_unique<NoSocket>(), {});
    EXPECT_THAT(hosts_[0]->arrived, ElementsAre("mqtt lost"));
}

TEST(Handover, IsNotJoinedBeforeTheOthersListen) {
    MonotonicClock clock;
    net::Loop loop(clock);
    net::Traffic traffic;
    const std::string group = "portillon-test-join-" + std::to_string(::getpid());
    const auto nobody = [](const std::string&, std::unique_ptr<net::Transport>, std::span<const std::byte>) {};
    Handover first(loop, traffic, group, 0, 2, nobody);
    Handover second(loop, traffic, group, 1, 2, nobody);
    EXPECT_FALSE(first.listen());
    EXPECT_FALSE(first.join());
    EXPECT_TRUE(second.join());
    EXPECT_FALSE(second.listen());
    EXPECT_TRUE(first.join());
}

// Many shards, of which the first takes what the others send it.
class ManyTest : public ::testing::Test {
protected:
    static constexpr unsigned shards = 150;  // more than join in one turn

    ManyTest() {
        EXPECT_FALSE(first_.listen());
        for (unsigned number = 1; number < shards; ++number) {
            others_.push_back(std::make_unique<Handover>(
                loop_, traffic_, group_, number, shards,
                [](const std::string&, std::unique_ptr<net::Transport>, std::span<const std::byte>) {}));
            EXPECT_FALSE(others_.back()->join()) << "with the first only";
        }
    }

    void send_from_each() {
        for (auto& other : others_) {
            int ends[2];
            ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
            other->send(0, "mqtt", net::adopt_local(loop_, ends[0], traffic_), {});
            ::close(ends[1]);
        }
    }

    void turn() {
        while (loop_.poll()) {
        }
    }

    const std::string group_ = "portillon-test-many-" + std::to_string(::getpid());
    portillon::testing::SimulatedClock clock_;
    net::Loop loop_{clock_};
    net::Traffic traffic_;
    unsigned arrived_ = 0;
    Handover first_{loop_,
                    traffic_,
                    group_,
                    0,
                    shards,
                    [this](const std::string&, std::unique_ptr<net::Transport> transport, std::span<const std::byte>) {
                        arrived_ += transport ? 1 : 0;
                    }};
    std::vector<std::unique_ptr<Handover>> others_;
};

TEST_F(ManyTest, MayJoinAtOnce) {
    turn();
    send_from_each();
    turn();
    EXPECT_EQ(arrived_, shards - 1);
}

TEST_F(ManyTest, JoinOnceThereAreDescriptorsAgain) {
    {
        const NoDescriptors none;
        turn();
    }
    send_from_each();
    turn();
    EXPECT_EQ(arrived_, 0u);
    clock_.jump_to(clock_.now() + 1s);
    turn();
    EXPECT_EQ(arrived_, shards - 1);
}

}  // namespace
}  // namespace portillon::server
