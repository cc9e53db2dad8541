// Messages between shards, here all in one process, on one loop.

#include "server/mesh.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include "testing/simulation.h"

namespace portillon::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// While this object lives the process gets no descriptor.
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

// A shard that notes what it hears.
struct MeshHost {
    MeshHost(net::Loop& loop, const std::string& group, unsigned number, unsigned shards)
        : mesh(loop, group, number, shards,
               {.heard =
                    [this](unsigned from, const std::string& listener, std::span<const std::byte> message) {
                        const std::string text(reinterpret_cast<const char*>(message.data()), message.size());
                        heard.push_back(std::to_string(from) + " " + listener + " " + text);
                    },
                .changed = [this](unsigned shard) { changed.push_back(shard); }}) {
        EXPECT_FALSE(mesh.listen());
    }

    bool send(unsigned to, const std::string& text) { return mesh.send(to, "mqtt", std::as_bytes(std::span(text))); }

    std::vector<std::string> heard;
    std::vector<unsigned> changed;
    Mesh mesh;
};

class MeshTest : public ::testing::Test {
protected:
    MeshTest() {
        static int tests = 0;
        group_ = "portillon-test-" + std::to_string(::getpid()) + "-" + std::to_string(++tests);
        for (unsigned number = 0; number < 3; ++number) {
            hosts_.push_back(std::make_unique<MeshHost>(loop_, group_, number, 3));
        }
        for (auto& host : hosts_) {
            EXPECT_TRUE(host->mesh.join());
        }
        turn();
    }

    void turn() {
        while (loop_.poll()) {
        }
    }

    std::string group_;
    testing::SimulatedClock clock_;
    net::Loop loop_{clock_};
    std::vector<std::unique_ptr<MeshHost>> hosts_;
};

TEST_F(MeshTest, MessagesArriveInOrderWithTheirSender) {
    const std::string large(Mesh::most_message_bytes, 'x');
    EXPECT_TRUE(hosts_[0]->send(1, "hello"));
    EXPECT_TRUE(hosts_[0]->send(1, large));
    EXPECT_TRUE(hosts_[0]->send(1, ""));
    turn();
    EXPECT_TRUE(hosts_[2]->send(1, "too"));
    turn();
    EXPECT_THAT(hosts_[1]->heard, ElementsAre("0 mqtt hello", "0 mqtt " + large, "0 mqtt ", "2 mqtt too"));
    EXPECT_THAT(hosts_[0]->heard, IsEmpty());
    EXPECT_THAT(hosts_[0]->changed, IsEmpty());
}

TEST_F(MeshTest, WaitsForAShardThatIsBusy) {
    constexpr std::size_t many = 300;  // more than the kernel queues between two shards
    for (std::size_t i = 0; i < many; ++i) {
        EXPECT_TRUE(hosts_[0]->send(1, std::to_string(i) + std::string(4'000, 'x')));
    }
    EXPECT_THAT(hosts_[1]->heard, IsEmpty());
    turn();
    ASSERT_EQ(hosts_[1]->heard.size(), many);
    EXPECT_EQ(hosts_[1]->heard.back().substr(0, 11), "0 mqtt 299x");
}

TEST_F(MeshTest, SaysNoWhenTooMuchWaits) {
    const std::string large(Mesh::most_message_bytes, 'x');
    std::size_t taken = 0;
    while (taken < 2'000 && hosts_[0]->send(1, large)) {
        ++taken;
    }
    EXPECT_LE(taken, Mesh::most_waiting_bytes / large.size() + 10);
    EXPECT_TRUE(hosts_[0]->send(2, "another")) << "it has a queue of its own";
    turn();
    EXPECT_EQ(hosts_[1]->heard.size(), taken);
    EXPECT_TRUE(hosts_[0]->send(1, "again"));
}

TEST_F(MeshTest, ADeathIsNoticedByItself) {
    hosts_[1].reset();
    turn();
    EXPECT_THAT(hosts_[0]->changed, ElementsAre(1));
    EXPECT_THAT(hosts_[2]->changed, ElementsAre(1));
    EXPECT_FALSE(hosts_[0]->send(1, "nobody"));
}

TEST_F(MeshTest, OneThatComesInADeadOnesPlaceIsReached) {
    hosts_[1].reset();
    turn();
    hosts_[1] = std::make_unique<MeshHost>(loop_, group_, 1, 3);
    EXPECT_TRUE(hosts_[1]->mesh.join());
    turn();
    EXPECT_THAT(hosts_[0]->changed, ElementsAre(1, 1));
    EXPECT_TRUE(hosts_[0]->send(1, "one"));
    EXPECT_TRUE(hosts_[1]->send(2, "two"));
    turn();
    EXPECT_THAT(hosts_[1]->heard, ElementsAre("0 mqtt one"));
    EXPECT_THAT(hosts_[2]->heard, ElementsAre("1 mqtt two"));
    EXPECT_THAT(hosts_[1]->changed, IsEmpty()) << "it has known no other ones";
}

// Its death and its successor's greeting are read in the same turn.
TEST_F(MeshTest, OneThatComesBeforeItsPredecessorsDeathWasNoticedIsAnother) {
    EXPECT_TRUE(hosts_[1]->send(0, "last words"));
    hosts_[1].reset();
    hosts_[1] = std::make_unique<MeshHost>(loop_, group_, 1, 3);
    EXPECT_TRUE(hosts_[1]->mesh.join());
    turn();
    EXPECT_THAT(hosts_[0]->changed, ElementsAre(1, 1));
    EXPECT_TRUE(hosts_[0]->send(1, "one"));
    EXPECT_TRUE(hosts_[1]->send(0, "two"));
    turn();
    EXPECT_THAT(hosts_[1]->heard, ElementsAre("0 mqtt one"));
    EXPECT_EQ(hosts_[0]->heard.back(), "1 mqtt two");
}

TEST_F(MeshTest, TwoThatWereDeadFindEachOther) {
    hosts_[1].reset();
    hosts_[2].reset();
    turn();
    hosts_[1] = std::make_unique<MeshHost>(loop_, group_, 1, 3);
    hosts_[1]->mesh.expect_none_of(2);
    EXPECT_TRUE(hosts_[1]->mesh.join());
    EXPECT_EQ(hosts_[1]->mesh.home_of(1), 1u);
    hosts_[2] = std::make_unique<MeshHost>(loop_, group_, 2, 3);
    EXPECT_TRUE(hosts_[2]->mesh.join());
    turn();
    EXPECT_TRUE(hosts_[1]->send(2, "one"));
    EXPECT_TRUE(hosts_[2]->send(1, "two"));
    turn();
    EXPECT_THAT(hosts_[2]->heard, ElementsAre("1 mqtt one"));
    EXPECT_THAT(hosts_[1]->heard, ElementsAre("2 mqtt two"));
}

TEST_F(MeshTest, WhatBelongsToADeadOneIsSharedByThoseThatLive) {
    EXPECT_EQ(hosts_[0]->mesh.home_of(4), 1u);
    hosts_[1].reset();
    turn();
    unsigned first = 0, third = 0;
    for (std::uint64_t key = 0; key < 3'000; ++key) {
        const unsigned home = hosts_[0]->mesh.home_of(key);
        EXPECT_EQ(home, hosts_[2]->mesh.home_of(key)) << "they agree: " << key;
        if (key % 3 == 1) {
            ++(home == 0 ? first : third);
        } else {
            EXPECT_EQ(home, key % 3) << "who lives keeps what it has: " << key;
        }
    }
    EXPECT_GT(first, 450U) << "of 1,000";
    EXPECT_GT(third, 450U);
}

TEST(Mesh, IsNotJoinedBeforeTheOthersListen) {
    MonotonicClock clock;
    net::Loop loop(clock);
    const std::string group = "portillon-test-join-" + std::to_string(::getpid());
    const Mesh::Events nobody{[](unsigned, const std::string&, std::span<const std::byte>) {}, [](unsigned) {}};
    Mesh first(loop, group, 0, 2, nobody);
    Mesh second(loop, group, 1, 2, nobody);
    EXPECT_FALSE(first.listen());
    EXPECT_FALSE(first.join());
    EXPECT_TRUE(second.join());
    EXPECT_FALSE(second.listen());
    EXPECT_TRUE(first.join());
}

// Many shards, of which the first receives what the others send.
class ManyShards : public ::testing::Test {
protected:
    static constexpr unsigned shards = 150;  // more than join in one turn

    ManyShards() {
        for (unsigned number = 1; number < shards; ++number) {
            others_.push_back(std::make_unique<Mesh>(
                loop_, group_, number, shards,
                Mesh::Events{[](unsigned, const std::string&, std::span<const std::byte>) {}, [](unsigned) {}}));
            EXPECT_FALSE(others_.back()->join()) << "with the first only";
        }
    }

    void send_from_each() {
        for (auto& other : others_) {
            other->send(0, "mqtt", {});
        }
    }

    void turn() {
        while (loop_.poll()) {
        }
    }

    const std::string group_ = "portillon-test-many-" + std::to_string(::getpid());
    testing::SimulatedClock clock_;
    net::Loop loop_{clock_};
    MeshHost first_{loop_, group_, 0, shards};
    std::vector<std::unique_ptr<Mesh>> others_;
};

TEST_F(ManyShards, MayJoinAtOnce) {
    turn();
    send_from_each();
    turn();
    EXPECT_EQ(first_.heard.size(), shards - 1);
}

TEST_F(ManyShards, JoinOnceThereAreDescriptorsAgain) {
    {
        const NoDescriptors none;
        turn();
    }
    send_from_each();
    turn();
    EXPECT_THAT(first_.heard, IsEmpty());
    clock_.jump_to(clock_.now() + 1s);
    turn();
    EXPECT_EQ(first_.heard.size(), shards - 1);
}

}  // namespace
}  // namespace portillon::server
