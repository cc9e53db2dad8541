// Several shards of one server, whose messages to each other take a millisecond.

#include "server/listeners/mqtt/session_exchange.h"

#include <gmock/gmock.h>

#include <array>
#include <deque>

#include "base/random.h"
#include "server/listeners/mqtt/harness.h"

namespace portillon::server::listeners::mqtt {
namespace {

using ::testing::ElementsAre;
using testing::hex;
using ::testing::IsEmpty;

constexpr unsigned shard_count = 3;

// Clean start off; the session is kept for 100 s.
std::string connect_as(const std::string& client_id) {
    return "10 14 0004 'MQTT' 05 00 003c 05 11 00000064 0002 '" + client_id + "'";
}

class Network final : private Alarm {
public:
    explicit Network(net::Loop& loop) : loop_(loop) {}

    struct End final : Siblings {
        unsigned number() const override { return shard; }
        unsigned home_of(std::uint64_t key) const override { return network->home_of(key); }
        bool send(unsigned to, std::span<const std::byte> message) override {
            return network->send(shard, to, message);
        }
        unsigned shard = 0;
        Network* network = nullptr;
    };

    unsigned home_of(std::uint64_t key) const {
        const auto home = static_cast<unsigned>(key % shard_count);
        return is_dead(home) ? (home + 1) % shard_count : home;
    }
    bool is_dead(unsigned shard) const { return shards[shard] == nullptr; }

    bool send(unsigned from, unsigned to, std::span<const std::byte> message) {
        ++sent;
        if (is_dead(to)) {
            return false;
        }
        if (to != deaf) {
            under_way_.push_back({loop_.now() + 1ms, from, to, {message.begin(), message.end()}});
            loop_.timers().set(*this, under_way_.front().at);
        }
        return true;
    }

    void forget(unsigned shard) {
        std::erase_if(under_way_, [shard](const Message& each) { return each.from == shard || each.to == shard; });
    }

    std::array<std::unique_ptr<server::Listener>, shard_count> shards;
    unsigned deaf = shard_count;  // receives nothing, though it lives
    int sent = 0;

private:
    struct Message {
        Instant at{};
        unsigned from = 0, to = 0;
        std::vector<std::byte> bytes;
    };
    void ring(Instant now) override {
        while (!under_way_.empty() && under_way_.front().at <= now) {
            const Message message = std::move(under_way_.front());
            under_way_.pop_front();
            shards[message.to]->heard(message.from, message.bytes);
        }
        if (!under_way_.empty()) {
            loop_.timers().set(*this, under_way_.front().at);
        }
    }

    net::Loop& loop_;
    std::deque<Message> under_way_;
};

class MqttShards : public ListenerHarness {
protected:
    MqttShards() {
        for (unsigned shard = 0; shard < shard_count; ++shard) {
            ends_[shard].shard = shard;
            ends_[shard].network = &network_;
            start(shard);
        }
    }
    ~MqttShards() override {
        for (auto& shard : network_.shards) {
            shard.reset();
        }
    }

    void start(unsigned shard) {
        network_.shards[shard] = kind().make({simulation_.loop(), ingests_[shard], limits_, figures_, &ends_[shard]});
    }
    void kill(unsigned shard) {
        network_.forget(shard);
        network_.shards[shard].reset();
        network_.forget(shard);
        tell_of(shard);
    }
    void revive(unsigned shard) {
        start(shard);
        tell_of(shard);
    }
    void tell_of(unsigned changed) {
        for (unsigned shard = 0; shard < shard_count; ++shard) {
            if (shard != changed && !network_.is_dead(shard)) {
                network_.shards[shard]->shard_changed(changed);
            }
        }
    }

    testing::BytePeer& open(unsigned shard) {
        auto ends = testing::make_pipe(simulation_.loop(), 0ns, traffic_, traffic_);
        clients_.push_back(std::make_unique<testing::BytePeer>(std::move(ends.client)));
        network_.shards[shard]->accepted(std::move(ends.server));
        return *clients_.back();
    }
    testing::BytePeer& send_to(unsigned shard, const std::string& bytes) {
        auto& client = open(shard);
        client.send(bytes);
        return client;
    }
    std::string say(testing::BytePeer& client, const std::string& bytes) {
        client.send(bytes);
        pass(20ms);
        return client.take();
    }

    std::size_t connections() const {
        std::size_t sum = 0;
        for (const auto& shard : network_.shards) {
            sum += shard ? shard->connections() : 0;
        }
        return sum;
    }
    // The home of this identifier while all shards live.
    static unsigned home_of(const std::string& client_id) {
        return static_cast<unsigned>(std::hash<std::string_view>()(client_id) % shard_count);
    }
    // An identifier of two letters with that home.
    static std::string client_of(unsigned home) {
        for (char letter = 'a';; ++letter) {
            if (const std::string id{'c', letter}; home_of(id) == home) {
                return id;
            }
        }
    }

    std::array<FakeIngest, shard_count> ingests_;
    Network network_{simulation_.loop()};
    std::array<Network::End, shard_count> ends_;
};

TEST_F(MqttShards, ASessionFollowsItsClientWhereverItConnects) {
    for (unsigned home = 0; home < shard_count; ++home) {
        const std::string connect = connect_as(client_of(home));
        for (const unsigned shard : {0U, 1U, 2U, 0U, 2U, 2U}) {
            auto& client = open(shard);
            const bool first = &client == clients_.front().get() || clients_.size() % 6 == 1;
            // A message follows at once, partly in the same piece.
            EXPECT_EQ(say(client, connect + " 34 07 0001 't' 0009 00 'x' c0"),
                      hex(std::string(first ? connack_5 : connack_5_present) + "50 02 0009"));
            EXPECT_EQ(say(client, "00"), hex("d0 00"));
        }
    }
    EXPECT_EQ(ingests_[0].bodies.size() + ingests_[1].bodies.size() + ingests_[2].bodies.size(), 3u)
        << "QoS 2: each client's once";
    EXPECT_EQ(counted(figures_.closed), "taken_over=15");
    pass(2s);
    EXPECT_EQ(connections(), 3u);
}

TEST_F(MqttShards, WhatIsReleasedInOneShardIsNewInAnother) {
    const std::string connect = connect_as("ab");
    auto& first = open(0);
    say(first, connect + " 34 07 0001 't' 0009 00 'x'");
    auto& second = open(1);
    EXPECT_EQ(say(second, connect + " 62 02 0009"), hex(std::string(connack_5_present) + "70 02 0009"));
    auto& third = open(2);
    EXPECT_EQ(say(third, connect + " 34 07 0001 't' 0009 00 'y'"), hex(std::string(connack_5_present) + "50 02 0009"));
    EXPECT_THAT(ingests_[2].bodies, ElementsAre("y"));
}

TEST_F(MqttShards, ACleanStartForgetsWhatAnotherShardKept) {
    auto& first = open(0);
    say(first, connect_as("ab") + " 34 07 0001 't' 0009 00 'x'");
    auto& second = open(1);
    EXPECT_EQ(say(second, "10 14 0004 'MQTT' 05 02 003c 05 11 00000064 0002 'ab' 34 07 0001 't' 0009 00 'x'"),
              hex(std::string(connack_5) + "50 02 0009"));
    EXPECT_THAT(ingests_[1].bodies, ElementsAre("x"));
}

TEST_F(MqttShards, OfConnectionsAtTheSameTimeOneRemains) {
    for (unsigned home = 0; home < shard_count; ++home) {
        const std::size_t before = clients_.size();
        const std::string connect = connect_as(client_of(home));
        for (const unsigned shard : {0U, 1U, 2U, 1U, 0U}) {
            send_to(shard, connect);
        }
        pass(3s);
        std::size_t left = 0;
        for (std::size_t i = before; i < clients_.size(); ++i) {
            left += clients_[i]->end.empty() ? 1 : 0;
        }
        EXPECT_EQ(left, 1u) << home;
        auto& last = open(2);
        EXPECT_EQ(say(last, connect), hex(connack_5_present));
        pass(3s);
        EXPECT_EQ(connections(), home + 1);
    }
}

TEST_F(MqttShards, ADecisionFindsItsSessionInAnotherShard) {
    ingests_[0].mode = FakeIngest::Mode::later;
    const std::string connect = connect_as("ab");
    auto& first = open(0);
    EXPECT_EQ(say(first, connect + " 34 07 0001 't' 0009 00 'x'"), hex(connack_5));
    auto& second = open(1);
    EXPECT_EQ(say(second, connect + " 3c 07 0001 't' 0009 00 'x'"), hex(connack_5_present));
    EXPECT_THAT(ingests_[1].bodies, IsEmpty()) << "it is under way in the first shard";
    ingests_[0].decide(0);
    pass(20ms);
    EXPECT_EQ(second.take(), hex("50 02 0009"));
    EXPECT_EQ(say(second, "62 02 0009"), hex("70 02 0009"));
    EXPECT_THAT(ingests_[1].bodies, IsEmpty());
}

TEST_F(MqttShards, ADecisionFollowsASessionThatMovesOn) {
    ingests_[0].mode = FakeIngest::Mode::later;
    const std::string connect = connect_as("ab");
    say(open(0), connect + " 34 07 0001 't' 0009 00 'x'");
    say(open(1), connect);
    auto& third = open(2);
    EXPECT_EQ(say(third, connect + " 3c 07 0001 't' 0009 00 'x'"), hex(connack_5_present));
    ingests_[0].decide(0, Disposition::refused);
    pass(20ms);
    EXPECT_EQ(third.take(), hex("50 02 0009")) << "taken anew, because it was refused";
    EXPECT_THAT(ingests_[2].bodies, ElementsAre("x"));
    auto& back = open(0);
    EXPECT_EQ(say(back, connect + " 3c 07 0001 't' 0009 00 'x'"), hex(std::string(connack_5_present) + "50 02 0009"));
    EXPECT_EQ(ingests_[0].bodies.size(), 1u);
}

TEST_F(MqttShards, NothingOvertakesWhatIsUndecidedInAnotherShard) {
    ingests_[0].mode = FakeIngest::Mode::later;
    const std::string connect = connect_as("ab");
    say(open(0), connect + " 34 07 0001 't' 0009 00 'x' 34 07 0001 't' 000a 00 'y'");
    auto& second = open(1);
    EXPECT_EQ(
        say(second, connect + " 3c 07 0001 't' 0009 00 'x' 3c 07 0001 't' 000a 00 'y' 34 07 0001 't' 000b 00 'z'"),
        hex(connack_5_present));
    second.send("34 07 0001 't' 000c 00 'w'");
    ingests_[0].decide(0);
    pass(200s);  // longer than its keep-alive: it is not silent, but not read
    EXPECT_THAT(ingests_[1].bodies, IsEmpty());
    ingests_[0].decide(1);
    pass(20ms);
    EXPECT_THAT(ingests_[1].bodies, ElementsAre("z", "w"));
    EXPECT_EQ(second.take(), hex("50 02 0009 50 02 000a 50 02 000b 50 02 000c"));
    EXPECT_EQ(second.end, "");
    EXPECT_EQ(say(second, "c0 00"), hex("d0 00"));
}

TEST_F(MqttShards, WhatADeadShardWasToDecideIsTakenAgain) {
    ingests_[0].mode = FakeIngest::Mode::later;
    const std::string connect = connect_as("ab");
    auto& first = open(0);
    say(first, connect + " 34 07 0001 't' 0009 00 'x'");
    auto& second = open(1);
    EXPECT_EQ(say(second, connect), hex(connack_5_present));
    kill(0);
    auto& third = open(1);
    EXPECT_EQ(say(third, connect + " 3c 07 0001 't' 0009 00 'x'"), hex(std::string(connack_5_present) + "50 02 0009"));
    EXPECT_THAT(ingests_[1].bodies, ElementsAre("x"));
}

TEST_F(MqttShards, ASessionIsLostWithTheShardThatHeldIt) {
    for (unsigned home = 0; home < shard_count; ++home) {
        const std::string connect = connect_as(client_of(home));
        say(open(0), connect);
    }
    kill(0);
    for (unsigned home = 0; home < shard_count; ++home) {
        auto& client = open(1);
        EXPECT_EQ(say(client, connect_as(client_of(home))), hex(connack_5)) << home;
    }
}

TEST_F(MqttShards, ASessionOutlivesItsHome) {
    const std::string connect = connect_as(client_of(0));
    say(open(1), connect + " 34 07 0001 't' 0009 00 'x'");
    kill(0);
    pass(10ms);
    auto& second = open(2);
    EXPECT_EQ(say(second, connect + " 3c 07 0001 't' 0009 00 'x'"), hex(std::string(connack_5_present) + "50 02 0009"));
    revive(0);
    pass(10ms);
    auto& third = open(0);
    EXPECT_EQ(say(third, connect + " 3c 07 0001 't' 0009 00 'x'"), hex(std::string(connack_5_present) + "50 02 0009"));
    EXPECT_THAT(ingests_[1].bodies, ElementsAre("x"));
    EXPECT_THAT(ingests_[0].bodies, IsEmpty());
    pass(2s);
    EXPECT_EQ(connections(), 1u);
}

TEST_F(MqttShards, AClientIsAnsweredThoughTheHolderDies) {
    const std::string connect = connect_as(client_of(1));
    say(open(0), connect);
    network_.deaf = 0;
    auto& client = send_to(2, connect);
    pass(500ms);
    EXPECT_EQ(client.take(), "");
    kill(0);
    pass(10ms);
    EXPECT_EQ(client.take(), hex(connack_5));
}

TEST_F(MqttShards, AClientIsAnsweredThoughTheHolderHangs) {
    const std::string connect = connect_as(client_of(1));
    say(open(0), connect);
    network_.deaf = 0;
    auto& client = send_to(2, connect);
    pass(1'100ms);
    EXPECT_EQ(client.take(), hex(connack_5));
}

TEST_F(MqttShards, AClientIsAnsweredThoughTheHomeDiesOrHangs) {
    for (const bool dies : {true, false}) {
        const std::string connect = connect_as(client_of(1));
        network_.deaf = 1;
        auto& client = send_to(2, connect);
        pass(100ms);
        EXPECT_EQ(client.take(), "");
        if (dies) {
            kill(1);
            pass(10ms);
        } else {
            pass(2s);
        }
        EXPECT_EQ(client.take(), hex(connack_5)) << dies;
        if (dies) {
            client.send("e0 01 04");
            pass(1s);
            network_.deaf = shard_count;
            revive(1);
        }
        say(open(2), "10 0f 0004 'MQTT' 05 02 003c 00 0002 '" + client_of(1) + "' e0 00");
    }
}

TEST_F(MqttShards, AWillWaitsWithItsSessionInWhateverShard) {
    const std::string connect =
        "10 28 0004 'MQTT' 05 04 003c 05 11 00000064 0002 'ab' 05 18 0000000a 0001 't' 0009 'something'";
    auto& first = open(0);
    EXPECT_EQ(say(first, connect), hex(connack_5));
    first.transport().close();
    pass(5s);
    auto& second = open(1);
    EXPECT_EQ(say(second, connect), hex(connack_5_present));
    pass(20s);
    EXPECT_EQ(counted(figures_.refused), "") << "it was withdrawn";
    second.transport().close();
    pass(9s);
    EXPECT_EQ(counted(figures_.refused), "");
    pass(2s);
    EXPECT_EQ(counted(figures_.refused), "will=1");
}

TEST_F(MqttShards, AClientThatLeavesWhileItWaitsLeavesItsSessionAsItWas) {
    const std::string connect = connect_as(client_of(1));
    auto& first = open(0);
    say(first, connect + " 34 07 0001 't' 0009 00 'x'");
    auto& second = send_to(2, connect);
    settle();
    second.transport().close();
    pass(20ms);
    auto& third = open(1);
    EXPECT_EQ(say(third, connect + " 3c 07 0001 't' 0009 00 'x'"), hex(std::string(connack_5_present) + "50 02 0009"));
    EXPECT_THAT(ingests_[0].bodies, ElementsAre("x"));
    EXPECT_THAT(ingests_[1].bodies, IsEmpty());
}

TEST_F(MqttShards, WhatCannotBeGreetedAsksNobody) {
    auto& client = open(0);
    EXPECT_EQ(without_reason_strings(say(client, "10 0f 0004 'MQTT' 05 03 003c 00 0002 'ab'")), hex("20 03 00 81 00"));
    EXPECT_EQ(network_.sent, 0);
}

// Clients connect at random instants to random shards, some of which die; at the end only the last connection is open.
TEST_F(MqttShards, WhateverHappensOneConnectionOfAClientRemains) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::uint64_t draw = seed;
        const auto next = [&draw](std::uint64_t below) { return (draw = scatter(draw, 7)) % below; };
        const std::string connect = connect_as("ab");
        for (int step = 0; step < 30; ++step) {
            const auto shard = static_cast<unsigned>(next(shard_count));
            const auto what = next(12);
            if (what == 0 && !network_.is_dead(shard) && !network_.is_dead((shard + 1) % shard_count) &&
                !network_.is_dead((shard + 2) % shard_count)) {
                kill(shard);
            } else if (network_.is_dead(shard)) {
                revive(shard);
            } else {
                send_to(shard, connect);
            }
            pass(Nanos{static_cast<std::int64_t>(next(3'000'000))});
        }
        for (unsigned shard = 0; shard < shard_count; ++shard) {
            if (network_.is_dead(shard)) {
                revive(shard);
            }
        }
        pass(5s);
        auto& last = open(static_cast<unsigned>(next(shard_count)));
        last.send(connect);
        pass(5s);
        EXPECT_EQ(last.take().substr(0, 4), "200e");
        ASSERT_EQ(connections(), 1u);
        clients_.clear();
        pass(1s);
        ASSERT_EQ(connections(), 0u);
    }
}

TEST(MqttShardMessage, ComesBackAsItWas) {
    ShardMessage message{.kind = ShardMessage::Kind::given, .client_id = "me", .request = 7};
    message.session.emplace();
    message.session->number = 99;
    message.session->expires_in = 5s;
    message.session->will_due_in = 0s;
    message.session->state.expiry_seconds = 60;
    message.session->state.version = wire::mqtt::Version::v5;
    message.session->state.received.push_back({.packet_id = 3});
    message.session->state.received.push_back({.packet_id = 4, .state = Session::Received::State::taken, .decider = 2});
    std::vector<std::byte> bytes;
    encode(message, bytes);
    const auto back = decode_shard_message(bytes);
    ASSERT_TRUE(back && back->session);
    EXPECT_EQ(back->kind, message.kind);
    EXPECT_EQ(back->client_id, "me");
    EXPECT_EQ(back->request, 7u);
    EXPECT_EQ(back->session->number, 99u);
    EXPECT_EQ(back->session->expires_in, 5s);
    EXPECT_EQ(back->session->will_due_in, 0s);
    EXPECT_EQ(back->session->state.expiry_seconds, 60u);
    ASSERT_EQ(back->session->state.received.size(), 2u);
    EXPECT_EQ(back->session->state.received[1].packet_id, 4);
    EXPECT_EQ(back->session->state.received[1].decider, 2);
    EXPECT_EQ(back->session->state.received[1].state, Session::Received::State::taken);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_shard_message(std::span(bytes).first(size))) << size;
    }
    bytes.push_back({});
    EXPECT_FALSE(decode_shard_message(bytes));
    bytes.pop_back();
    bytes[0] = std::byte{99};
    EXPECT_FALSE(decode_shard_message(bytes));
}

}  // namespace
}  // namespace portillon::server::listeners::mqtt
