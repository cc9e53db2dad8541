#include "drivers/mqtt/session.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "drivers/mqtt/harness.h"
#include "testing/stuck_transport.h"

namespace portillon::drivers::mqtt {
namespace {

using ::testing::ElementsAre;
using testing::hex;
using ::testing::IsEmpty;

constexpr const char* five_qos_0 = R"({"version": 5, "qos": 0, "topic": "v/{equipment}"})";
constexpr const char* five_qos_2 = R"({"version": 5, "qos": 2, "topic": "v/{equipment}"})";
constexpr const char* three_qos_0 = R"({"version": "3.1.1", "qos": 0, "topic": "v/{equipment}"})";

class MqttSession : public Harness {};

// Opening.

TEST_F(MqttSession, GreetsAsTheVersionAsks) {
    struct Row {
        std::string options, connect, connack;
    };
    const std::vector<Row> rows{
        {"{}", "10 25 0004 'MQTT' 05 02 003c 0a 27 00004000 11 00000258 000e 'p00000000007e1'", connack_5},
        {R"({"version": "5", "qos": 2, "session_expiry": "30s"})",
         "10 25 0004 'MQTT' 05 02 003c 0a 27 00004000 11 0000001e 000e 'p00000000007e1'", connack_5},
        {R"({"version": "5", "session_expiry": "0s"})",
         "10 20 0004 'MQTT' 05 02 003c 05 27 00004000 000e 'p00000000007e1'", connack_5},
        {five_qos_0, "10 20 0004 'MQTT' 05 02 003c 05 27 00004000 000e 'p00000000007e1'", connack_5},
        {three, "10 1a 0004 'MQTT' 04 00 003c 000e 'p00000000007e1'", connack_3},
        {three_qos_0, "10 1a 0004 'MQTT' 04 02 003c 000e 'p00000000007e1'", connack_3},
        {R"({"version": "3.1.1", "session_expiry": 0})", "10 1a 0004 'MQTT' 04 02 003c 000e 'p00000000007e1'",
         connack_3},
        {R"({"version": "3.1.1", "keepalive": "5m"})", "10 1a 0004 'MQTT' 04 00 012c 000e 'p00000000007e1'", connack_3},
        {R"({"version": "3.1.1", "keepalive": 0})", "10 1a 0004 'MQTT' 04 00 0000 000e 'p00000000007e1'", connack_3},
    };
    for (const Row& row : rows) {
        make(row.options);
        dial();
        EXPECT_EQ(peer().take(), hex(row.connect)) << row.options;
        EXPECT_EQ(opened(), "");
        peer().send(row.connack);
        pass(latency);
        EXPECT_EQ(opened(), "none") << row.options;
    }
}

TEST_F(MqttSession, FailsToOpenWithACause) {
    struct Row {
        std::string options, answer, cause;
    };
    const std::vector<Row> rows{
        {five, "20 03 00 87 00", "mqtt_0x87"},
        {five, "20 03 00 88 00", "mqtt_0x88"},
        {five, "20 02 00 01", "mqtt_0x84"},                  // by a server of 3.1.1
        {five, "20 03 01 00 00", "protocol_error"},          // a session that we did not ask for
        {five, "20 05 00 00 02 24 00", "mqtt_0x9b"},         // maximum QoS 0
        {five, "20 06 00 00 03 21 0000", "protocol_error"},  // receive maximum 0
        {five, "40 02 0001", "protocol_error"},              // something else first
        {five, "00 00", "protocol_error"},
        {five, "20 ff ff ff ff", "protocol_error"},
        {five, "20 80 80 04", "protocol_error"},     // 64 KiB
        {five, "20 03 00 01 00", "protocol_error"},  // a reason that CONNACK does not have
        {five, "20 03 00 8b 00", "protocol_error"},  // DISCONNECT has it
        {three, "20 02 00 01", "mqtt_connack_1"},
        {three, "20 02 00 02", "mqtt_connack_2"},
        {three, "20 02 00 03", "mqtt_connack_3"},
        {three, "20 02 00 04", "mqtt_connack_4"},
        {three, "20 02 00 05", "mqtt_connack_5"},
        {three, "20 02 00 06", "protocol_error"},
        {three_qos_0, "20 02 01 00", "protocol_error"},  // a session that we did not ask for
        {three, "48 00 'TTP/1.1 400'", "protocol_error"},
    };
    for (const Row& row : rows) {
        make(row.options);
        dial();
        peer().send(row.answer);
        pass(latency);
        EXPECT_EQ(opened(), row.cause) << row.answer;
        pass(latency);
        EXPECT_EQ(peer().end, "closed");
    }
    EXPECT_THAT(receipts_.take(), IsEmpty());
}

// A connection that was opened and lost is a break, however soon, and however the bytes were cut.
TEST_F(MqttSession, LosesWhatIsLostRightAfterTheConnack) {
    struct Row {
        std::string options, bytes, cause;
    };
    const std::vector<Row> rows{
        {five, "20 03 00 00 00 e0 01 8b", "mqtt_0x8b"},  // CONNACK and DISCONNECT
        {five, "20 03 00 00 00 e0 01 8e", "mqtt_0x8e"},
        {five, "20 03 00 00 00 20 03 00 00 00", "protocol_error"},
        {five, "20 03 00 00 00", "closed"},
        {three, "20 02 00 00", "closed"},
    };
    for (const Row& row : rows) {
        make(row.options);
        dial();
        peer().send(row.bytes);
        peer().transport().shut();
        pass(latency);
        EXPECT_EQ(opened(), "none") << row.bytes;
        pass(latency);
        EXPECT_THAT(receipts_.take(), ElementsAre("broken " + row.cause)) << row.bytes;
        dial();
        peer().transport().shut();
        pass(latency);
        EXPECT_EQ(opened(), "closed") << "before its CONNACK it was no connection";
        EXPECT_THAT(receipts_.take(), IsEmpty());
    }
}

TEST_F(MqttSession, TakesOffersOfAnOpenedSessionThatIsLostAlready) {
    make(five);
    dial();
    peer().send("20 03 00 00 00 e0 01 8b");
    simulation_.run_until(now() + latency);
    ASSERT_EQ(opened(), "none");
    if (receipts_.lines.empty()) {
        offer(1, "x");
        settle();
        EXPECT_THAT(receipts_.take(), ElementsAre("1 broken mqtt_0x8b", "broken mqtt_0x8b"));
    }
}

// 4.13.1: only after a CONNACK is the peer known to be an MQTT server to which a DISCONNECT may be sent.
TEST_F(MqttSession, SaysWhatIsWrongWithAConnack) {
    for (const auto& [answer, last_words] :
         {std::pair{"20 03 00 01 00", "e0 01 82"}, std::pair{"20 03 02 00 00", "e0 01 81"},
          std::pair{"20 06 00 00 03 21 0000", "e0 01 82"}, std::pair{"20 03 00 87 00", ""}, std::pair{"40 02 0001", ""},
          std::pair{"48 00", ""}}) {
        make(five);
        dial();
        peer().take();
        peer().send(answer);
        pass(2 * latency);
        EXPECT_EQ(peer().take(), hex(last_words)) << answer;
        EXPECT_EQ(peer().end, "closed");
    }
}

// The tables of 3.4.2.1 to 3.7.2.1: a reason that they do not list ends the connection with 0x82, a listed one does
// not.
TEST_F(MqttSession, TakesOfAllReasonsThoseOfTheTables) {
    struct Row {
        std::string options, first_byte;
        std::vector<unsigned> listed;
        std::string before;
    };
    const std::vector<unsigned> publishes{0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}, releases{0x00, 0x92};
    const std::vector<Row> rows{
        {five, "40 03 0001", publishes, ""},
        {five_qos_2, "50 03 0001", publishes, ""},
        {five, "62 03 0001", releases, ""},
        {five_qos_2, "70 03 0001", releases, "50 02 0001"},
    };
    for (const Row& row : rows) {
        for (unsigned reason = 0; reason < 256; ++reason) {
            make(row.options);
            open(connack_5);
            offer(1, "x");
            pass(latency);
            if (!row.before.empty()) {
                peer().send(row.before);
                pass(2 * latency);
            }
            peer().take();
            const char raw[] = {static_cast<char>(reason)};
            peer().send(row.first_byte + testing::hex_of({raw, 1}));
            pass(2 * latency);
            const bool listed = std::find(row.listed.begin(), row.listed.end(), reason) != row.listed.end();
            EXPECT_EQ(peer().end, listed ? "" : "closed") << row.first_byte << " " << reason;
            if (!listed) {
                EXPECT_EQ(peer().take(), hex("e0 01 82")) << row.first_byte << " " << reason;
                EXPECT_THAT(receipts_.take(), ElementsAre("1 broken protocol_error", "broken protocol_error"));
            }
            receipts_.take();
        }
    }
}

// The server's own words come before the outcome that they explain.
TEST_F(MqttSession, PassesOnWhatTheServerSays) {
    struct Row {
        std::string bytes;
        std::vector<std::string> heard;
    };
    const std::vector<Row> rows{
        {"40 09 0001 87 05 1f 0002 'no'", {"said mqtt_0x87 no", "1 rejected mqtt_0x87"}},
        {"40 09 0001 10 05 1f 0002 'no'", {"1 acknowledged"}},  // not a failure
        {"e0 07 8e 05 1f 0002 'no'", {"said mqtt_0x8e no", "1 broken mqtt_0x8e", "broken mqtt_0x8e"}},
        {"e0 07 9d 05 1c 0002 'b2'",
         {"said mqtt_0x9d (server reference: b2)", "1 broken mqtt_0x9d", "broken mqtt_0x9d"}},
        {"e0 0c 9c 0a 1f 0002 'go' 1c 0002 'b2'",
         {"said mqtt_0x9c go (server reference: b2)", "1 broken mqtt_0x9c", "broken mqtt_0x9c"}},
        {"e0 05 8e 03 1f 0000", {"1 broken mqtt_0x8e", "broken mqtt_0x8e"}},
    };
    for (const Row& row : rows) {
        make(five);
        open(connack_5);
        offer(1, "x");
        pass(latency);
        peer().send(row.bytes);
        pass(2 * latency);
        EXPECT_EQ(receipts_.take(), row.heard) << row.bytes;
    }
    make(five_qos_2);
    open(connack_5);
    offer(1, "x");
    pass(latency);
    peer().send("50 09 0001 97 05 1f 0002 'no'");
    pass(2 * latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("said mqtt_0x97 no", "1 throttled mqtt_0x97"));
    make(five);
    dial();
    peer().send("20 08 00 88 05 1f 0002 'no'");
    pass(2 * latency);
    EXPECT_EQ(opened(), "mqtt_0x88");
    EXPECT_THAT(receipts_.take(), ElementsAre("said mqtt_0x88 no"));
}

TEST_F(MqttSession, OpensAgainAfterFailing) {
    make(five);
    dialer_.refuse(1, boost::system::errc::make_error_code(boost::system::errc::connection_refused));
    dial();
    EXPECT_EQ(opened(), "refused");
    dial();
    peer().transport().shut();
    pass(latency);
    EXPECT_EQ(opened(), "closed");
    open(connack_5);
}

TEST_F(MqttSession, WaitsForTheConnackUntilTheDeadline) {
    make(five);
    const Instant deadline = now() + 3s;
    dial(deadline);
    simulation_.run_until(deadline - 1ns);
    EXPECT_EQ(opened(), "");
    pass(1ns);
    EXPECT_EQ(opened(), "timed_out");
    make(five);
    dial(now() + 500us);
    EXPECT_EQ(opened(), "timed_out");
}

// Offering.

TEST_F(MqttSession, WhatIsOfferedTogetherLeavesInOneWrite) {
    struct Row {
        std::string options, connack, publishes, pubacks;
    };
    const std::vector<Row> rows{
        {five, connack_5, "32 09 0003 'v/1' 0001 00 'a' 32 0a 0003 'v/1' 0002 00 'bc'", "40 02 0001 40 04 0002 00 00"},
        {three, connack_3, "32 08 0003 'v/1' 0001 'a' 32 09 0003 'v/1' 0002 'bc'", "40 02 0001 40 02 0002"},
    };
    for (const Row& row : rows) {
        make(row.options);
        open(row.connack);
        receipts_.outcomes.clear();
        peer().pieces.clear();
        const Instant offered = now();
        offer(1, "a");
        offer(7, "bc");
        EXPECT_THAT(receipts_.take(), IsEmpty());
        pass(latency);
        EXPECT_EQ(peer().take(), hex(row.publishes));
        EXPECT_EQ(peer().pieces.size(), 1u);
        pass(5ms);
        peer().send(row.pubacks);
        pass(latency);
        EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged", "7 acknowledged"));
        for (const auto& outcome : receipts_.outcomes) {
            EXPECT_EQ(outcome.sent, offered);
            EXPECT_EQ(outcome.answered, offered + 7ms);
        }
    }
}

TEST_F(MqttSession, AtQos0EveryBatchIsSentAndNotMore) {
    struct Row {
        std::string options, connack, publish;
    };
    for (const Row& row :
         {Row{five_qos_0, connack_5, "30 07 0003 'v/1' 00 'a'"}, Row{three_qos_0, connack_3, "30 06 0003 'v/1' 'a'"}}) {
        make(row.options);
        open(row.connack);
        receipts_.outcomes.clear();
        const Instant offered = now();
        offer(1, "a");
        EXPECT_THAT(receipts_.take(), IsEmpty()) << "from the loop, not from inside offer()";
        settle();
        EXPECT_THAT(receipts_.take(), ElementsAre("1 sent"));
        EXPECT_EQ(receipts_.outcomes[0].sent, offered);
        EXPECT_EQ(receipts_.outcomes[0].answered, offered);
        pass(latency);
        EXPECT_EQ(peer().take(), hex(row.publish));
    }
    EXPECT_EQ(kind().traits({{"qos", 0}}).acknowledges, driver::Traits::Acknowledges::no);
    EXPECT_EQ(kind().traits({{"qos", 1}}).acknowledges, driver::Traits::Acknowledges::yes);
    EXPECT_EQ(kind().traits(nlohmann::json::object()).acknowledges, driver::Traits::Acknowledges::yes);
}

TEST_F(MqttSession, ReadsEveryReason) {
    make(five);
    open(connack_5);
    const std::vector<std::pair<int, std::string>> rows{
        {0x00, "acknowledged"},        {0x10, "acknowledged"},        {0x80, "try_again mqtt_0x80"},
        {0x83, "try_again mqtt_0x83"}, {0x87, "rejected mqtt_0x87"},  {0x90, "rejected mqtt_0x90"},
        {0x91, "rejected mqtt_0x91"},  {0x97, "throttled mqtt_0x97"}, {0x99, "rejected mqtt_0x99"},
    };
    std::uint8_t id = 0;
    for (const auto& [reason, text] : rows) {
        offer(5, "x");
        pass(latency);
        const std::string raw{'\x40', '\x03', '\0', static_cast<char>(++id), static_cast<char>(reason)};
        peer().send(testing::hex_of(raw));
        pass(latency);
        EXPECT_THAT(receipts_.take(), ElementsAre("5 " + text));
    }
}

TEST_F(MqttSession, AnswersMayComeInAnyOrderAndInAnyPieces) {
    make(five);
    open(connack_5);
    for (Sequence first = 1; first <= 4; ++first) {
        offer(first, "x");
    }
    pass(latency);
    for (const char* piece : {"40", "02 00", "03 40 02 0001 40", "02 0004", "4002", "0002"}) {
        peer().send(piece);
    }
    pass(latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("3 acknowledged", "1 acknowledged", "4 acknowledged", "2 acknowledged"));
}

TEST_F(MqttSession, KeepsToTheServersReceiveMaximum) {
    make(five);
    open("20 06 00 00 03 21 0002");
    for (Sequence first = 1; first <= 4; ++first) {
        offer(first, "x");
    }
    const Instant offered = now();
    pass(latency);
    EXPECT_EQ(peer().take(), hex("32 09 0003 'v/1' 0001 00 'x' 32 09 0003 'v/1' 0002 00 'x'"));
    peer().send("40 02 0002");
    pass(2 * latency);
    EXPECT_EQ(peer().take(), hex("32 09 0003 'v/1' 0003 00 'x'"));
    session_->abandon(4);  // never sent: no reason to drop the connection
    settle();
    EXPECT_THAT(receipts_.take(), ElementsAre("2 acknowledged", "4 timed_out timed_out"));
    EXPECT_EQ(receipts_.outcomes[1].sent, Instant{});
    peer().send("40 02 0001 40 02 0003");
    pass(latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged", "3 acknowledged"));
    EXPECT_EQ(receipts_.outcomes[2].sent, offered);
    EXPECT_EQ(receipts_.outcomes[3].sent, offered + 2 * latency) << "when the window had room";
    EXPECT_EQ(peer().end, "");
}

TEST_F(MqttSession, RejectsWhatTheServerWouldNotTake) {
    make(five);
    open("20 08 00 00 05 27 0000000e");
    offer(1, "12345");
    offer(2, "1234");
    settle();
    EXPECT_THAT(receipts_.take(), ElementsAre("1 rejected too_large"));
    pass(latency);
    EXPECT_EQ(peer().take(), hex("32 0c 0003 'v/1' 0001 00 '1234'")) << "14 bytes";
}

TEST_F(MqttSession, GivesPacketIdentifiersInTurnAndLeavesOutThoseInUse) {
    make(three);
    open(connack_3);
    offer(1, "slow");
    settle();
    offer(2, "slow");
    settle();
    std::string script = "40 02 ";
    for (std::uint32_t id = 3; id <= 65'535; ++id) {
        offer(id, "");
        pass(latency);
        const char raw[] = {static_cast<char>(id >> 8), static_cast<char>(id & 0xFF)};
        peer().send(script + testing::hex_of({raw, 2}));
        pass(latency);
    }
    EXPECT_EQ(receipts_.take().size(), 65'533u);
    peer().take();
    offer(70'000, "next");
    pass(latency);
    EXPECT_EQ(peer().take(), hex("32 0b 0003 'v/1' 0003 'next'")) << "1 and 2 are still in flight";
    peer().send("40 02 0001 40 02 0003 40 02 0002");
    pass(2 * latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged", "70000 acknowledged", "2 acknowledged"));
}

struct StuckDialer final : net::Dialer {
    explicit StuckDialer(net::Dialer& its_inner) : inner(its_inner) {}
    std::unique_ptr<net::Transport> dial(EquipmentId equipment) override {
        auto transport = std::make_unique<testing::StuckTransport>(inner.dial(equipment));
        last = transport.get();
        return transport;
    }
    net::Dialer& inner;
    testing::StuckTransport* last = nullptr;
};

TEST_F(MqttSession, LeavesLaterBatchesUnencodedWhileTheKernelIsFull) {
    StuckDialer dialer(dialer_);
    dialling_ = &dialer;
    make(five);
    open(connack_5);
    dialer.last->stuck = true;
    const Instant offered = now();
    offer(1, "a");
    settle();
    const std::size_t unsent = dialer.last->unsent();
    EXPECT_EQ(unsent, 11u);
    offer(2, "b");
    offer(3, "c");
    pass(1s);
    EXPECT_EQ(dialer.last->unsent(), unsent);
    dialer.last->come_loose();
    pass(latency);
    peer().send("40 02 0001 40 02 0002 40 02 0003");
    pass(latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged", "2 acknowledged", "3 acknowledged"));
    EXPECT_EQ(receipts_.outcomes[0].sent, offered);
    EXPECT_EQ(receipts_.outcomes[1].sent, offered + 1s);
    EXPECT_EQ(receipts_.outcomes[2].sent, offered + 1s);
    session_.reset();
}

// Time-outs and breaks.

TEST_F(MqttSession, AbandoningDropsTheConnection) {
    make(five);
    open(connack_5);
    offer(1, "a");
    offer(2, "b");
    pass(latency);
    peer().take();
    session_->abandon(1);
    session_->abandon(2);  // its deadline has passed as well
    session_->abandon(9);  // unknown
    EXPECT_THAT(receipts_.take(), IsEmpty()) << "from the loop, not from inside abandon()";
    offer(3, "c");  // the break has not been reported yet
    settle();
    EXPECT_THAT(receipts_.take(),
                ElementsAre("1 timed_out timed_out", "2 broken timed_out", "3 broken timed_out", "broken timed_out"));
    pass(latency);
    EXPECT_EQ(peer().end, "closed");
    EXPECT_EQ(peer().take(), "");
    open(connack_5);
    offer(1, "a");
    pass(latency);
    EXPECT_EQ(peer().take(), hex("32 09 0003 'v/1' 0001 00 'a'")) << "a new session: no DUP";
}

TEST_F(MqttSession, BreaksWithACauseAndSaysWhy) {
    struct Row {
        std::string options, bytes, cause, last_words;
    };
    const std::string connack_of[] = {connack_5, connack_3};
    const std::vector<Row> rows{
        {five, "e0 01 8b", "mqtt_0x8b", ""},
        {five, "e0 02 8e 00", "mqtt_0x8e", ""},
        {five, "e0 01 87", "mqtt_0x87", ""},
        {five, "e0 00", "protocol_error", "e0 01 82"},  // only the client may send 0x00 and 0x04 (3.14.2.1)
        {five, "e0 01 04", "protocol_error", "e0 01 82"},
        {five, "e0 01 10", "protocol_error", "e0 01 82"},
        {five, "40 03 0001 92", "protocol_error", "e0 01 82"},
        {five_qos_2, "50 03 0001 92", "protocol_error", "e0 01 82"},
        {five_qos_2, "70 03 0001 10", "protocol_error", "e0 01 82"},
        {five, "62 03 0001 80", "protocol_error", "e0 01 82"},
        {five, "40 02 0000", "protocol_error", "e0 01 82"},
        {five, "40 01 00", "protocol_error", "e0 01 81"},
        {five, "41 02 0001", "protocol_error", "e0 01 81"},
        {five, "20 03 00 00 00", "protocol_error", "e0 01 82"},
        {five, "30 05 0001 '#' 00 'y'", "protocol_error", "e0 01 90"},
        {five, "30 08 0001 'x' 03 23 0001 'y'", "protocol_error", "e0 01 94"},  // we have announced no aliases
        {five, "30 07 0001 'x' 02 0b 01 'y'", "protocol_error", "e0 01 82"},    // and have no subscriptions
        {five, "32 07 0001 'x' 0000 00 'y'", "protocol_error", "e0 01 82"},
        {five, "50 02 0001", "protocol_error", "e0 01 82"},  // of a message at QoS 1
        {five, "70 02 0001", "protocol_error", "e0 01 82"},
        {five, "60 02 0001", "protocol_error", "e0 01 81"},
        {five_qos_2, "70 02 0001", "protocol_error", "e0 01 82"},  // before its PUBREC
        {five_qos_2, "50 03 0001 00 00 70 02 0001", "protocol_error", "62 02 0001 e0 01 81"},
        {five, "90 04 0001 00 00", "protocol_error", "e0 01 82"},
        {five, "c0 00", "protocol_error", "e0 01 82"},
        {five, "d0 01 00", "protocol_error", "e0 01 81"},
        {five, "f0 00", "protocol_error", "e0 01 82"},
        {five, "00 00", "protocol_error", "e0 01 81"},
        {five, "40 ff ff ff ff", "protocol_error", "e0 01 81"},
        {five, "40 81 80 01", "protocol_error", "e0 01 95"},
        {three, "e0 00", "protocol_error", ""},
        {three, "40 03 0001 00", "protocol_error", ""},
    };
    for (const Row& row : rows) {
        make(row.options);
        open(connack_of[row.options == three]);
        offer(4, "x");
        pass(latency);
        peer().take();
        peer().send(row.bytes);
        pass(latency);
        auto lines = receipts_.take();
        ASSERT_EQ(lines.size(), 2u) << row.bytes;
        EXPECT_EQ(lines[1], "broken " + row.cause) << row.bytes;
        EXPECT_TRUE(lines[0] == "4 broken " + row.cause || lines[0] == "4 acknowledged") << row.bytes << lines[0];
        pass(latency);
        EXPECT_EQ(peer().take(), hex(row.last_words)) << row.bytes;
        EXPECT_EQ(peer().end, "closed");
    }
}

TEST_F(MqttSession, LetsAnswersPassThatNothingWaitsFor) {
    struct Row {
        std::string options, connack, bytes, reply, answer;
    };
    const std::vector<Row> rows{
        {five, connack_5, "40 02 0009", "", "40 02 0001"},               // never sent
        {five, connack_5, "40 02 0001", "", "40 02 0001"},               // twice
        {five, connack_5, "50 02 0009", "62 03 0009 92", "40 02 0001"},  // so that the server need not keep it
        {five_qos_2, connack_5, "70 02 0009", "", "50 02 0001 70 02 0001"},
        {three, connack_3, "40 02 0002", "", "40 02 0001"},
        {three, connack_3, "40 02 0001", "", "40 02 0001"},
    };
    for (const Row& row : rows) {
        make(row.options);
        open(row.connack);
        receipts_.strays.clear();
        offer(4, "x");
        pass(latency);
        peer().take();
        const bool twice = row.bytes == row.answer;
        peer().send(twice ? row.answer + row.bytes : row.bytes + row.answer);
        pass(2 * latency);
        EXPECT_THAT(receipts_.take(), ElementsAre("4 acknowledged")) << row.bytes;
        EXPECT_THAT(receipts_.strays, ElementsAre("mqtt_stray_answer")) << row.bytes;
        EXPECT_EQ(peer().take().substr(0, hex(row.reply).size()), hex(row.reply)) << row.bytes;
        EXPECT_EQ(peer().end, "") << row.bytes;
    }
}

// 4.5: a server may subscribe its clients by itself.
TEST_F(MqttSession, AcknowledgesWhatItDidNotAskFor) {
    struct Row {
        std::string options, connack, messages, answers, puback;
    };
    const std::vector<Row> rows{
        {five, connack_5, "30 05 0001 'x' 00 'y' 32 07 0001 'x' 0009 00 'y' 34 07 0001 'x' 0008 00 'y' 62 02 0008",
         "40 02 0009 50 02 0008 70 02 0008", "40 02 0001"},
        {three, connack_3, "30 04 0001 'x' 'y' 32 06 0001 'x' 0009 'y' 3c 06 0001 'x' 0008 'y' 62 02 0008",
         "40 02 0009 50 02 0008 70 02 0008", "40 02 0001"},
    };
    for (const Row& row : rows) {
        make(row.options);
        open(row.connack);
        offer(4, "x");
        pass(latency);
        peer().take();
        peer().send(row.messages);
        pass(2 * latency);
        EXPECT_EQ(peer().take(), hex(row.answers));
        peer().send(row.puback);
        pass(latency);
        EXPECT_THAT(receipts_.take(), ElementsAre("4 acknowledged"));
        EXPECT_EQ(peer().end, "");
    }
    make(five);
    open("20 05 00 00 02 24 01");
    peer().send("34 07 0001 'x' 0008 00 'y'");
    pass(2 * latency);
    EXPECT_EQ(peer().take(), hex("e0 01 82")) << "beyond the server's own maximum";
}

TEST_F(MqttSession, BreaksWhenTheConnectionDoes) {
    make(five);
    open(connack_5);
    offer(1, "a");
    settle();
    peer().transport().reset();
    offer(2, "b");
    pass(latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("1 broken reset", "2 broken reset", "broken reset"));
    open(connack_5);
    peer().transport().shut();
    pass(latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("broken closed"));
}

TEST_F(MqttSession, MayBeOfferedMoreFromWithinAReceipt) {
    make(five);
    open(connack_5);
    receipts_.on_settled = [this](Sequence first, const driver::Outcome&) {
        if (first < 3) {
            offer(first + 1, "x");
        }
    };
    offer(1, "x");
    pass(latency);
    peer().send("40 02 0001");
    pass(2 * latency);
    peer().send("40 02 0002");
    pass(latency);
    peer().transport().close();
    pass(latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged", "2 acknowledged", "3 broken closed", "broken closed"));
}

TEST_F(MqttSession, MayBeDestroyedFromWithinAReceipt) {
    make(five);
    open(connack_5);
    receipts_.on_settled = [this](Sequence, const driver::Outcome&) { session_.reset(); };
    offer(1, "x");
    offer(2, "x");
    pass(latency);
    peer().send("40 02 0001 40 02 0002");
    pass(2 * latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("1 acknowledged"));
    EXPECT_EQ(peer().end, "closed");

    make(five);
    open(connack_5);
    receipts_.on_settled = nullptr;
    receipts_.on_broken = [this] { session_.reset(); };
    peer().transport().close();
    pass(latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("broken closed"));
}

TEST_F(MqttSession, MayBeDestroyedWithBatchesInFlight) {
    make(five);
    open(connack_5);
    offer(1, "x");
    pass(latency);
    offer(2, "x");
    session_.reset();
    pass(1min);
    EXPECT_THAT(receipts_.take(), IsEmpty());
}

// Keep-alive.

TEST_F(MqttSession, PingsWhenItHasBeenSilent) {
    make(R"({"version": 5, "keepalive": "40s", "topic": "v/{equipment}"})");
    dial();
    peer().take();
    const Instant connected = now() - latency;
    peer().send(connack_5);
    simulation_.run_until(connected + 30s - 1ns + latency);
    EXPECT_EQ(peer().take(), "");
    pass(1ns);
    EXPECT_EQ(peer().take(), hex("c0 00"));
    peer().send("d0 00");
    pass(19s);
    offer(1, "x");
    pass(latency);
    peer().take();
    peer().send("40 02 0001");
    pass(30s - 1ns);
    EXPECT_EQ(peer().take(), "") << "the batch was a sign of life";
    pass(1ns);
    EXPECT_EQ(peer().take(), hex("c0 00"));
    receipts_.take();
    pass(30s - latency - 1ns);
    EXPECT_THAT(receipts_.take(), IsEmpty());
    pass(1ns);
    EXPECT_THAT(receipts_.take(), ElementsAre("broken mqtt_no_pingresp"));
    pass(latency);
    EXPECT_EQ(peer().end, "closed");
}

TEST_F(MqttSession, PingsAfterThreeQuartersOfTheShortestKeepAlive) {
    make(R"({"version": 5, "keepalive": "1s", "topic": "v/{equipment}"})");
    dial();
    peer().take();
    const Instant connected = now() - latency;
    peer().send(connack_5);
    simulation_.run_until(connected + 750ms - 1ns + latency);
    EXPECT_EQ(peer().take(), "");
    EXPECT_THAT(receipts_.take(), IsEmpty());
    pass(1ns);
    EXPECT_EQ(peer().take(), hex("c0 00"));
    peer().send("d0 00");
    pass(700ms);
    EXPECT_THAT(receipts_.take(), IsEmpty());
    EXPECT_EQ(peer().end, "");
}

TEST_F(MqttSession, KeepsTheServersKeepAlive) {
    make(five);
    open("20 06 00 00 03 13 0004");
    pass(3s);
    EXPECT_EQ(peer().take(), hex("c0 00"));
    make(five);
    open("20 06 00 00 03 13 0000");
    pass(1h);
    EXPECT_EQ(peer().take(), "");
    make(R"({"keepalive": "0s"})");
    open(connack_5);
    pass(1h);
    EXPECT_EQ(peer().take(), "");
    EXPECT_THAT(receipts_.take(), IsEmpty());
}

// Closing.

TEST_F(MqttSession, SaysGoodbyeAndWaitsForTheOtherSide) {
    for (const auto& [options, connack] : {std::pair{five, connack_5}, std::pair{three, connack_3}}) {
        make(options);
        open(connack);
        closed_ = false;
        close(now() + 10s);
        pass(latency);
        EXPECT_EQ(peer().take(), hex(options == five ? "e0 07 00 05 11 00000000" : "e0 00")) << "no session is left";
        EXPECT_EQ(peer().end, "closed");
        EXPECT_FALSE(closed_);
        peer().transport().shut();
        pass(latency);
        EXPECT_TRUE(closed_);
    }
    EXPECT_THAT(receipts_.take(), IsEmpty());
}

TEST_F(MqttSession, LeavesWithoutAGoodbyeThatTheServerWouldNotTake) {
    make(five);
    open("20 08 00 00 05 27 00000008");
    close(now() + 10s);
    pass(latency);
    EXPECT_EQ(peer().take(), "");
    EXPECT_EQ(peer().end, "closed");
    peer().transport().shut();
    pass(latency);
    EXPECT_TRUE(closed_);
}

TEST_F(MqttSession, ClosesAtTheDeadlineWhatIsInFlightBroken) {
    make(five);
    open(connack_5);
    offer(1, "a");
    pass(latency);
    offer(2, "b");
    close(now() + 2s);
    settle();
    EXPECT_THAT(receipts_.take(), ElementsAre("1 broken cancelled", "2 broken cancelled"));
    peer().send("40 02 0001");
    pass(2s - 1ns);
    EXPECT_FALSE(closed_);
    pass(1ns);
    EXPECT_TRUE(closed_);
    pass(1min);
    EXPECT_THAT(receipts_.take(), IsEmpty());
    open(connack_5);
}

TEST_F(MqttSession, ClosesAfterABreakThatWasNotReported) {
    make(five);
    open(connack_5);
    offer(1, "a");
    pass(latency);
    tasks_.spawn(close_into(*session_, never, closed_));
    session_->abandon(1);
    settle();
    EXPECT_TRUE(closed_);
    for (const auto& line : receipts_.take()) {
        EXPECT_TRUE(line == "1 timed_out timed_out" || line == "broken timed_out") << line;
    }
}

// Forgetting.

TEST_F(MqttSession, KnowsWhatAServerKeeps) {
    struct Row {
        std::string options, connack;
        bool kept_after_close;
    };
    const std::vector<Row> rows{
        {five, connack_5, false},
        {three, connack_3, true},
        {five_qos_0, connack_5, false},
        {three_qos_0, connack_3, false},
        {R"({"version": "3.1.1", "session_expiry": 0})", connack_3, false},
    };
    for (const Row& row : rows) {
        make(row.options);
        EXPECT_FALSE(session_->is_kept()) << "never connected";
        open(row.connack);
        closed_ = false;
        close(now() + 10s);
        pass(latency);
        peer().transport().shut();
        pass(latency);
        ASSERT_TRUE(closed_);
        EXPECT_EQ(session_->is_kept(), row.kept_after_close) << row.options;
        const auto leaves = kind().traits(options_).leaves;
        EXPECT_EQ(leaves == driver::Traits::Leaves::sessions, row.options == five || row.options == three);
    }
    make(five);
    open(connack_5);
    peer().transport().reset();
    pass(latency);
    EXPECT_TRUE(session_->is_kept()) << "nobody told the server";
    make(five);
    dial(now() + 1s);
    pass(2s);
    EXPECT_EQ(opened(), "timed_out");
    EXPECT_TRUE(session_->is_kept()) << "its CONNECT may have arrived";
    make(five);
    open(connack_5);
    closed_ = false;
    close(now() + 1s);
    pass(2s);
    ASSERT_TRUE(closed_);
    EXPECT_TRUE(session_->is_kept()) << "the server has not answered the goodbye";
}

TEST_F(MqttSession, IsNotKeptByAServerThatNeverAcceptedIt) {
    struct Row {
        std::string options, refusal, connack;
    };
    const std::vector<Row> rows{
        {three, "20 02 00 05", connack_3},
        {three, "20 02 00 06", connack_3},
        {five, "20 03 00 87 00", connack_5},
    };
    for (const Row& row : rows) {
        make(row.options);
        const auto be_refused = [&] {
            dial();
            peer().send(row.refusal);
            pass(2 * latency);
            EXPECT_NE(opened(), "");
            EXPECT_NE(opened(), "none");
        };
        be_refused();
        be_refused();
        EXPECT_FALSE(session_->is_kept()) << row.refusal;
        open(row.connack);
        peer().transport().reset();
        pass(latency);
        EXPECT_TRUE(session_->is_kept());
        be_refused();
        EXPECT_TRUE(session_->is_kept()) << "from before";
        make(row.options);
        dial();
        peer().transport().shut();
        pass(2 * latency);
        EXPECT_NE(opened(), "none");
        EXPECT_TRUE(session_->is_kept()) << "closed without a word: unknown";
        be_refused();
        EXPECT_TRUE(session_->is_kept()) << "still unknown";
    }
    receipts_.take();
}

TEST_F(MqttSession, IsForgottenWhileItsOldConnectionIsSilent) {
    for (const auto& [options, connack] : {std::pair<std::string, std::string>{three, connack_3},
                                           std::pair<std::string, std::string>{five, connack_5}}) {
        make(options);
        open(connack);
        closed_ = false;
        close(now() + 1s);
        pass(1s);
        ASSERT_TRUE(closed_);
        EXPECT_TRUE(session_->is_kept());
        forget(now() + 1s);
        pass(2 * latency);
        peer().send(connack);
        pass(2 * latency);
        peer().transport().shut();
        pass(latency);
        EXPECT_EQ(forgot(), "none");
        EXPECT_FALSE(session_->is_kept());
    }
    receipts_.take();
}

TEST_F(MqttSession, ConnectsOnceMoreToBeForgotten) {
    struct Row {
        std::string options, connack, connect, goodbye;
    };
    const std::vector<Row> rows{
        {three, connack_3, "10 1a 0004 'MQTT' 04 02 003c 000e 'p00000000007e1'", "e0 00"},
        {five, connack_5, "10 20 0004 'MQTT' 05 02 003c 05 27 00004000 000e 'p00000000007e1'",
         "e0 07 00 05 11 00000000"},
    };
    for (const Row& row : rows) {
        make(row.options);
        open(row.connack);
        peer().transport().reset();
        pass(latency);
        receipts_.take();
        ASSERT_TRUE(session_->is_kept());
        forget(now() + 10s);
        pass(2 * latency);
        EXPECT_EQ(peer().take(), hex(row.connect));
        EXPECT_EQ(forgot(), "");
        peer().send(row.connack);
        pass(2 * latency);
        EXPECT_EQ(peer().take(), hex(row.goodbye));
        EXPECT_EQ(peer().end, "") << "the server closes first";
        peer().transport().shut();
        pass(latency);
        EXPECT_EQ(forgot(), "none");
        EXPECT_FALSE(session_->is_kept());
        EXPECT_THAT(receipts_.take(), IsEmpty());
        open(row.connack);
        EXPECT_TRUE(session_->is_kept()) << "a connection as any other";
    }
}

TEST_F(MqttSession, IsNotForgottenByAServerThatDoesNotAnswer) {
    make(three);
    open(connack_3);
    peer().transport().reset();
    pass(latency);
    forget(now() + 3s);
    pass(3s);
    EXPECT_EQ(forgot(), "timed_out");
    EXPECT_TRUE(session_->is_kept());
    forget(now() + 3s);
    pass(2 * latency);
    peer().send("20 02 00 03");
    pass(latency);
    EXPECT_EQ(forgot(), "mqtt_connack_3");
    EXPECT_TRUE(session_->is_kept());
    forget(now());
    settle();
    EXPECT_EQ(forgot(), "timed_out") << "nothing is dialled any more";
    forget(now() + 10s);
    pass(2 * latency);
    peer().send(connack_3);
    pass(latency);
    EXPECT_FALSE(session_->is_kept());
    pass(1s);
    EXPECT_EQ(forgot(), "none") << "a server that does not close is not waited for";
    receipts_.take();
}

TEST_F(MqttSession, ForgetsWhatAnEarlierProcessLeft) {
    make(three);
    forget(now() + 3s);
    pass(2 * latency);
    EXPECT_EQ(peer().take(), hex("10 1a 0004 'MQTT' 04 02 003c 000e 'p00000000007e1'"));
    peer().send("20 02 00 00");
    peer().transport().shut();
    pass(2 * latency);
    EXPECT_EQ(forgot(), "none");
    EXPECT_THAT(receipts_.take(), IsEmpty());
}

TEST_F(MqttSession, IsSmall) {
    EXPECT_LE(sizeof(Session), 480u);
    EXPECT_LE(sizeof(Flight), 56u);
}

}  // namespace
}  // namespace portillon::drivers::mqtt
