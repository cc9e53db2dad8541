// QoS 2, and what a session resumes after a break.

#include <gmock/gmock.h>

#include "drivers/mqtt/harness.h"
#include "testing/stuck_transport.h"

namespace portillon::drivers::mqtt {
namespace {

using ::testing::ElementsAre;
using testing::hex;
using ::testing::IsEmpty;

constexpr const char* five_2 = R"({"version": 5, "qos": 2, "topic": "v/{equipment}"})";
constexpr const char* three_2 = R"({"version": "3.1.1", "qos": 2, "topic": "v/{equipment}"})";
constexpr const char* present_5 = "20 03 01 00 00";
constexpr const char* present_3 = "20 02 01 00";

class MqttResume : public Harness {
protected:
    // The session's answer to these bytes from the peer.
    std::string exchange(const std::string& bytes) {
        peer().send(bytes);
        pass(2 * latency);
        return peer().take();
    }
    std::string said() {
        pass(latency);
        return peer().take();
    }
    void fall() {
        peer().transport().reset();
        pass(latency);
        receipts_.take();
    }
};

// QoS 2.

TEST_F(MqttResume, AcknowledgesAtThePubcomp) {
    struct Row {
        std::string options, connack, publish;
    };
    const std::vector<Row> rows{
        {five_2, connack_5, "34 09 0003 'v/1' 0001 00 'a'"},
        {three_2, connack_3, "34 08 0003 'v/1' 0001 'a'"},
    };
    for (const Row& row : rows) {
        make(row.options);
        open(row.connack);
        receipts_.outcomes.clear();
        const Instant offered = now();
        offer(4, "a");
        EXPECT_EQ(said(), hex(row.publish));
        EXPECT_EQ(exchange("50 02 0001"), hex("62 02 0001"));
        EXPECT_THAT(receipts_.take(), IsEmpty());
        EXPECT_EQ(exchange("70 02 0001"), "");
        EXPECT_THAT(receipts_.take(), ElementsAre("4 acknowledged"));
        EXPECT_EQ(receipts_.outcomes[0].sent, offered);
        EXPECT_EQ(receipts_.outcomes[0].answered, offered + 4 * latency);
    }
    EXPECT_EQ(kind().traits({{"qos", 2}}).acknowledges, driver::Traits::Acknowledges::yes);
}

TEST_F(MqttResume, APubrecWithAnErrorIsTheAnswer) {
    make(five_2);
    open(connack_5);
    const std::vector<std::pair<std::string, std::string>> rows{
        {"97", "throttled mqtt_0x97"}, {"80", "try_again mqtt_0x80"}, {"99", "rejected mqtt_0x99"}};
    std::string id = "0001";
    for (const auto& [reason, answer] : rows) {
        offer(5, "x");
        pass(latency);
        peer().take();
        EXPECT_EQ(exchange("50 03 " + id + reason), "") << "nothing to release";
        EXPECT_THAT(receipts_.take(), ElementsAre("5 " + answer));
        ++id[3];
    }
}

TEST_F(MqttResume, ReleasesOfOneTurnLeaveInOneWrite) {
    make(five_2);
    open(connack_5);
    for (Sequence first = 1; first <= 3; ++first) {
        offer(first, "x");
    }
    pass(latency);
    peer().take();
    peer().pieces.clear();
    EXPECT_EQ(exchange("50 02 0002 50 02 0001"), hex("62 02 0002 62 02 0001"));
    EXPECT_EQ(peer().pieces.size(), 1u);
    EXPECT_EQ(exchange("50 03 0003 10"), hex("62 02 0003")) << "0x10, nobody subscribes, is a yes";
    EXPECT_EQ(exchange("50 02 0003"), hex("62 02 0003")) << "said twice, answered twice";
    exchange("70 02 0001 70 03 0002 92 70 02 0003 70 02 0003");
    EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged", "2 acknowledged", "3 acknowledged"));
    EXPECT_EQ(peer().end, "");
}

TEST_F(MqttResume, TheReceiveMaximumCountsUntilThePubcomp) {
    make(five_2);
    open("20 06 00 00 03 21 0001");
    offer(1, "x");
    offer(2, "y");
    EXPECT_EQ(said(), hex("34 09 0003 'v/1' 0001 00 'x'"));
    EXPECT_EQ(exchange("50 02 0001"), hex("62 02 0001"));
    EXPECT_EQ(exchange("70 02 0001"), hex("34 09 0003 'v/1' 0002 00 'y'"));
    EXPECT_EQ(exchange("50 03 0002 97"), "");
    offer(3, "z");
    EXPECT_EQ(said(), hex("34 09 0003 'v/1' 0003 00 'z'"));
}

TEST_F(MqttResume, AServerThatAnswersQos2AsQos1IsNamed) {
    make(three_2);
    open(connack_3);
    offer(1, "x");
    exchange("40 02 0001");
    EXPECT_THAT(receipts_.take(), ElementsAre("1 rejected mqtt_qos_downgraded"));
    EXPECT_EQ(peer().end, "");
}

// Resuming.

TEST_F(MqttResume, ResendsInTheFirstOrderWithItsIdentifiers) {
    struct Row {
        std::string options, connack, again, dups;
    };
    const std::vector<Row> rows{
        {five, connack_5, present_5,
         "3a 09 0003 'v/1' 0001 00 'a' 3a 09 0003 'v/1' 0003 00 'c' 32 09 0003 'v/1' 0004 00 'd'"},
        {three, connack_3, present_3, "3a 08 0003 'v/1' 0001 'a' 3a 08 0003 'v/1' 0003 'c' 32 08 0003 'v/1' 0004 'd'"},
        {five_2, connack_5, present_5,
         "3c 09 0003 'v/1' 0001 00 'a' 3c 09 0003 'v/1' 0003 00 'c' 34 09 0003 'v/1' 0004 00 'd'"},
        {three_2, connack_3, present_3,
         "3c 08 0003 'v/1' 0001 'a' 3c 08 0003 'v/1' 0003 'c' 34 08 0003 'v/1' 0004 'd'"},
    };
    for (const Row& row : rows) {
        const bool twice = row.options == five_2 || row.options == three_2;
        make(row.options);
        open(row.connack);
        offer(1, "a");
        offer(2, "b");
        offer(3, "c");
        pass(latency);
        exchange(twice ? "50 02 0002" : "40 02 0002");
        if (twice) {
            exchange("70 02 0002");
        }
        EXPECT_THAT(receipts_.take(), ElementsAre("2 acknowledged"));
        peer().transport().reset();
        pass(latency);
        EXPECT_THAT(receipts_.take(), ElementsAre("1 broken reset", "3 broken reset", "broken reset"));
        open(row.again);
        const Instant offered = now();
        receipts_.outcomes.clear();
        offer(4, "d");
        offer(3, "c");
        offer(1, "a");
        EXPECT_EQ(said(), hex(row.dups)) << row.options;
        exchange(twice ? "50 02 0001 50 02 0003 50 02 0004 70 02 0001 70 02 0003 70 02 0004"
                       : "40 02 0001 40 02 0003 40 02 0004");
        EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged", "3 acknowledged", "4 acknowledged"));
        EXPECT_EQ(receipts_.outcomes[0].sent, offered) << "of this attempt";
    }
}

TEST_F(MqttResume, SaysThatItWantsItsSessionBack) {
    const auto greeting = [this] {
        dial();
        const std::string connect = peer().take();
        fall();
        EXPECT_EQ(opened(), "reset");
        return connect;
    };
    make(five);
    open(connack_5);
    fall();
    for (int i = 0; i < 2; ++i) {  // also after a dial that failed
        EXPECT_EQ(greeting(), hex("10 25 0004 'MQTT' 05 00 003c 0a 27 00004000 11 00000258 000e 'p00000000007e1'"));
    }
    make(R"({"session_expiry": "0s"})");
    open(connack_5);
    fall();
    EXPECT_EQ(greeting(), hex("10 20 0004 'MQTT' 05 02 003c 05 27 00004000 000e 'p00000000007e1'"));
}

TEST_F(MqttResume, WhatWasReleasedIsReleasedAgain) {
    for (const char* answer : {"70 02 0002", "70 03 0002 92"}) {
        make(five_2);
        open(connack_5);
        offer(1, "a");
        offer(2, "b");
        pass(latency);
        peer().take();
        EXPECT_EQ(exchange("50 02 0002"), hex("62 02 0002"));
        fall();
        open(present_5);
        const Instant offered = now();
        receipts_.outcomes.clear();
        offer(1, "a");
        offer(2, "b");
        EXPECT_EQ(said(), hex("3c 09 0003 'v/1' 0001 00 'a' 62 02 0002"));
        exchange(answer);
        EXPECT_THAT(receipts_.take(), ElementsAre("2 acknowledged"));
        EXPECT_EQ(receipts_.outcomes[0].sent, offered);
    }
}

TEST_F(MqttResume, BeginsAnewIfTheServerHasForgotten) {
    for (const auto& [options, connack, publishes] :
         {std::tuple{five_2, connack_5, "34 09 0003 'v/1' 0001 00 'a' 34 09 0003 'v/1' 0002 00 'b'"},
          std::tuple{three, connack_3, "32 08 0003 'v/1' 0001 'a' 32 08 0003 'v/1' 0002 'b'"}}) {
        make(options);
        open(connack);
        offer(7, "x");
        offer(1, "a");
        offer(2, "b");
        pass(latency);
        exchange(options == five_2 ? "50 02 0001" : "");
        fall();
        open(connack);
        offer(1, "a");
        offer(2, "b");
        EXPECT_EQ(said(), hex(publishes));
    }
}

TEST_F(MqttResume, SurvivesBreakAfterBreak) {
    make(five_2);
    open("20 06 00 00 03 21 0002");
    offer(1, "a");
    offer(2, "b");
    pass(latency);
    for (int i = 0; i < 5; ++i) {
        fall();
        open("20 06 01 00 03 21 0001");  // the window is smaller now
        offer(1, "a");
        offer(2, "b");
        EXPECT_EQ(said(), hex("3c 09 0003 'v/1' 0001 00 'a'"));
    }
    EXPECT_EQ(exchange("50 02 0001"), hex("62 02 0001"));
    fall();
    open("20 06 01 00 03 21 0001");
    offer(1, "a");
    offer(2, "b");
    EXPECT_EQ(said(), hex("62 02 0001 3c 09 0003 'v/1' 0002 00 'b'")) << "a release needs no room";
    EXPECT_EQ(exchange("70 02 0001"), "");
    offer(3, "c");
    EXPECT_EQ(said(), "") << "and leaves none";
    EXPECT_EQ(exchange("50 02 0002 70 02 0002"), hex("62 02 0002 34 09 0003 'v/1' 0003 00 'c'"));
    EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged", "2 acknowledged"));
}

TEST_F(MqttResume, ResumesWhatTimedOut) {
    make(five);
    open(connack_5);
    offer(1, "a");
    offer(2, "b");
    pass(latency);
    session_->abandon(2);
    settle();
    EXPECT_THAT(receipts_.take(), ElementsAre("1 broken timed_out", "2 timed_out timed_out", "broken timed_out"));
    open("20 06 01 00 03 21 0001");
    offer(1, "a");
    offer(2, "b");
    EXPECT_EQ(said(), hex("3a 09 0003 'v/1' 0001 00 'a'"));
    session_->abandon(2);  // it waits for room: no reason to drop the connection
    settle();
    EXPECT_THAT(receipts_.take(), ElementsAre("2 timed_out timed_out"));
    EXPECT_EQ(exchange("40 02 0001"), "");
    EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged"));
    offer(2, "b");
    EXPECT_EQ(said(), hex("3a 09 0003 'v/1' 0002 00 'b'"));
    EXPECT_EQ(peer().end, "");
}

TEST_F(MqttResume, LeavesTheIdentifiersOfWhatIsNotOfferedAgain) {
    make(five);
    open(connack_5);
    offer(1, "a");
    pass(latency);
    fall();
    open(present_5);
    offer(9, "x");
    EXPECT_EQ(said(), hex("32 09 0003 'v/1' 0002 00 'x'"));
    exchange("40 02 0002");
    EXPECT_THAT(receipts_.take(), ElementsAre("9 acknowledged"));
}

TEST_F(MqttResume, CountsAnswersThatItCannotPlaceAndGoesOn) {
    make(five_2);
    open(connack_5);
    offer(1, "a");
    pass(latency);
    exchange("50 02 0001");
    exchange("70 02 0001 70 02 0001 40 02 0001");
    EXPECT_EQ(exchange("50 02 0001"), hex("62 03 0001 92")) << "so that the server need not keep it";
    EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged"));
    fall();
    open(present_5);
    EXPECT_EQ(exchange("40 02 0777 70 02 0777 50 02 0777 50 03 0777 87"), hex("62 03 0777 92"));
    offer(2, "b");
    pass(latency);
    exchange("50 02 0002 70 02 0002");
    EXPECT_THAT(receipts_.take(), ElementsAre("2 acknowledged"));
    EXPECT_EQ(peer().end, "");
}

TEST_F(MqttResume, RejectsWhatTheServerWouldNoLongerTake) {
    make(five_2);
    open(connack_5);
    offer(1, "123456");
    offer(2, "654321");
    pass(latency);
    exchange("50 02 0001");
    fall();
    open("20 08 01 00 05 27 0000000e");
    offer(1, "123456");
    offer(2, "654321");
    EXPECT_EQ(said(), hex("62 02 0001")) << "it has the first";
    EXPECT_THAT(receipts_.take(), ElementsAre("2 rejected too_large"));
}

TEST_F(MqttResume, AClosedSessionIsNotResumed) {
    make(five);
    open(connack_5);
    offer(1, "a");
    pass(latency);
    close(now() + 1s);
    pass(1s);
    EXPECT_TRUE(closed_);
    receipts_.take();
    open(connack_5);
    offer(1, "a");
    EXPECT_EQ(said(), hex("32 09 0003 'v/1' 0001 00 'a'"));
}

// Terms.

TEST_F(MqttResume, UsesATopicAliasOnceTheServerKnowsIt) {
    make(five);
    open("20 06 00 00 03 22 0001");
    offer(1, "a");
    offer(2, "b");
    EXPECT_EQ(said(), hex("32 0c 0003 'v/1' 0001 03 23 0001 'a' 32 09 0000 0002 03 23 0001 'b'"));
    exchange("40 02 0001");
    fall();
    open("20 06 01 00 03 22 0001");
    offer(2, "b");
    offer(3, "c");
    EXPECT_EQ(said(), hex("3a 0c 0003 'v/1' 0002 03 23 0001 'b' 32 09 0000 0003 03 23 0001 'c'"))
        << "another connection knows none";
    make(five);
    open("20 0b 00 00 08 22 0001 27 0000000c");
    offer(1, "ab");
    EXPECT_EQ(said(), hex("32 0a 0003 'v/1' 0001 00 'ab'")) << "with the alias it would be too large";
}

TEST_F(MqttResume, ReadsNoMoreFromWhoDoesNotReadItsReleases) {
    struct Dialling final : net::Dialer {
        explicit Dialling(net::Dialer& its_inner) : inner(its_inner) {}
        std::unique_ptr<net::Transport> dial(EquipmentId equipment) override {
            auto transport = std::make_unique<testing::StuckTransport>(inner.dial(equipment));
            last = transport.get();
            return transport;
        }
        net::Dialer& inner;
        testing::StuckTransport* last = nullptr;
    } dialer(dialer_);
    dialling_ = &dialer;
    make(five_2);
    open(connack_5);
    offer(1, "a");
    pass(latency);
    dialer.last->stuck = true;
    for (int i = 0; i < 30'000; ++i) {
        peer().send("50 02 0001");
    }
    pass(1s);
    EXPECT_EQ(dialer.last->unsent(), (64u << 10) + 4);
    dialer.last->come_loose();
    pass(1s);
    peer().send("70 02 0001");
    pass(latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged"));
    session_.reset();
}

}  // namespace
}  // namespace portillon::drivers::mqtt
