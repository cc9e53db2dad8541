#include <gmock/gmock.h>

#include <algorithm>

#include "server/listeners/mqtt/harness.h"
#include "testing/stuck_transport.h"

namespace portillon::server::listeners::mqtt {
namespace {

using ::testing::ElementsAre;
using testing::hex;
using ::testing::IsEmpty;

class MqttListener : public ListenerHarness {
protected:
    std::string closed() const { return counted(figures_.closed); }
    std::string refused() const { return counted(figures_.refused); }
};

// Greeting.

TEST_F(MqttListener, GreetsAsTheVersionAsks) {
    const std::vector<std::pair<std::string, std::string>> rows{
        {connect_5, connack_5},
        {"10 0e 0004 'MQTT' 04 02 003c 0002 'ac'", connack_3},
        // user name and password; a will at QoS 1, one at QoS 2 that is retained; sessions
        {"10 15 0004 'MQTT' 05 c2 003c 00 0001 'u' 0002 'me' 0001 'x'", connack_5},
        {"10 15 0004 'MQTT' 05 0e 003c 00 0001 'w' 00 0001 't' 0001 'x'", connack_5},
        {"10 15 0004 'MQTT' 05 36 003c 00 0001 'v' 00 0001 't' 0001 'x'", connack_5},
        {"10 0e 0004 'MQTT' 04 00 003c 0002 'cd'", connack_3},
        {"10 14 0004 'MQTT' 05 00 003c 05 11 0000000a 0002 'ef'", connack_5},
        {"10 14 0004 'MQTT' 05 00 003c 05 11 ffffffff 0002 'gh'",
         "20 13 00 00 10 21 0100 27 00100000 22 0020 11 00000e10"},
        {"10 0c 0004 'MQTT' 04 02 003c 0000", connack_3},
    };
    for (const auto& [connect_packet, connack] : rows) {
        auto& client = connect();
        client.send(connect_packet);
        settle();
        EXPECT_EQ(client.take(), hex(connack)) << connect_packet;
        EXPECT_EQ(client.end, "");
    }
    EXPECT_EQ(listener_->connections(), rows.size());
    EXPECT_EQ(closed(), "");
}

TEST_F(MqttListener, AnnouncesItsLimits) {
    limits_.streams = 5;
    limits_.packet_bytes = 100;
    restart();
    auto& client = connect();
    client.send(connect_5);
    settle();
    EXPECT_EQ(client.take(), hex("20 0e 00 00 0b 21 0005 27 00000064 22 0020"));
}

TEST_F(MqttListener, NamesWhoBringsNoName) {
    auto& one = connect();
    auto& other = connect();
    one.send("10 0d 0004 'MQTT' 05 02 003c 00 0000");
    other.send("10 0d 0004 'MQTT' 05 02 003c 00 0000");
    settle();
    const std::string first = testing::bytes_of(one.take()).substr(16);
    const std::string second = testing::bytes_of(other.take()).substr(16);
    EXPECT_EQ(testing::hex_of(first.substr(0, 3)), "120019");
    EXPECT_EQ(first.substr(3, 9), "portillon");
    EXPECT_EQ(first.size(), 28u);
    EXPECT_NE(first, second);
    EXPECT_EQ(one.end + other.end, "");
}

TEST_F(MqttListener, TurnsAwayWithAReturnCode) {
    struct Row {
        std::string bytes, answer, cause;
    };
    const std::vector<Row> rows{
        {"10 0e 0004 'MQTT' 03 02 003c 0002 'ab'", "20 02 00 01", "unsupported_version=1"},
        {"10 10 0006 'MQIsdp' 03 02 003c 0002 'ab'", "20 02 00 01", "unsupported_version=1"},
        {"10 0f 0004 'MQTT' 06 02 003c 00 0002 'ab'", "20 03 00 84 00", "unsupported_version=1"},
        {"10 0e 0004 'MQTT' 84 02 003c 0002 'ab'", "20 02 00 01", "unsupported_version=1"},  // a bridge, which asks
        {"10 0c 0004 'MQTT' 04 00 003c 0000", "20 02 00 02", "client_identifier=1"},
        {"10 13 0004 'MQTT' 05 02 003c 04 15 0001 'm' 0002 'ab'", "20 03 00 8c 00", "authentication_method=1"},
        {"10 15 0004 'MQTT' 05 06 003c 00 0001 'w' 00 0001 '#' 0001 'x'", "20 03 00 90 00", "topic_name=1"},
        {"10 0f 0004 'MQTT' 05 03 003c 00 0002 'ab'", "20 03 00 81 00", "malformed=1"},
        {"10 0f 0004 'MQTT' 05 02 003c 00 0002 'a' ff", "20 03 00 81 00", "malformed=1"},
        {"11 0f 0004 'MQTT' 05 02 003c 00 0002 'ab'", "20 03 00 81 00", "malformed=1"},
        {"11 0e 0004 'MQTT' 04 02 003c 0002 'ab'", "", "malformed=1"},
        {"10 06 0004 'MQTT'", "", "malformed=1"},  // no version is known in which to answer
        {"10 12 0004 'MQTT' 05 02 003c 03 23 0001 0002 'ab'", "20 03 00 81 00", "malformed=1"},  // a PUBLISH's property
        {"10 18 0004 'MQTT' 05 06 003c 00 0001 'w' 03 23 0001 0001 't' 0001 'x'", "20 03 00 81 00", "malformed=1"},
        {"10 12 0004 'MQTT' 05 02 003c 03 21 0000 0002 'ab'", "20 03 00 82 00", "protocol_error=1"},
        {"10 14 0004 'MQTT' 05 02 003c 05 27 00000000 0002 'ab'", "20 03 00 82 00", "protocol_error=1"},
        {"10 13 0004 'MQTT' 05 02 003c 04 16 0001 'm' 0002 'ab'", "20 03 00 82 00", "protocol_error=1"},
        {"10 0e 0004 'MQTT' 04 03 003c 0002 'ab'", "", "malformed=1"},
        {"30 05 0001 't' 00 'x'", "", "protocol_error=1"},
        {"c0 00", "", "protocol_error=1"},
        {"48 00 'TTP/1.1'", "", "protocol_error=1"},
        {"00 00", "", "malformed=1"},
        {"10 ff ff ff ff 01", "", "malformed=1"},
        {"10 ff ff ff 7f", "", "too_large=1"},
    };
    for (const Row& row : rows) {
        figures_.~Figures();
        new (&figures_) Figures;
        auto& client = connect();
        client.send(row.bytes);
        settle();
        EXPECT_EQ(without_reason_strings(client.take()), hex(row.answer)) << row.bytes;
        EXPECT_EQ(client.end, "closed") << row.bytes;
        EXPECT_EQ(closed(), row.cause) << row.bytes;
    }
    pass(1s);
    EXPECT_EQ(listener_->connections(), 0u);
    EXPECT_THAT(ingest_.bodies, IsEmpty());
}

TEST_F(MqttListener, ClosesWhoDoesNotGreetInTime) {
    limits_.first_byte = 2s;
    auto& silent = connect();
    auto& slow = connect();
    slow.send("10 0f 0004 'MQT'");
    auto& good = greet(connect_3);
    pass(1s);
    pass(1s - 1ns);
    EXPECT_EQ(silent.end + slow.end, "");
    pass(1ns);
    EXPECT_EQ(silent.end, "closed");
    EXPECT_EQ(slow.end, "closed");
    EXPECT_EQ(good.end, "");
    EXPECT_EQ(closed(), "no_first_byte=2");
    EXPECT_EQ(listener_->connections(), 1u);
}

TEST_F(MqttListener, RefusesConnectionsAboveTheLimit) {
    limits_.connections = 2;
    auto& first = connect();
    connect();
    auto& third = connect();
    settle();
    EXPECT_EQ(third.end, "reset");
    EXPECT_EQ(closed(), "too_many_connections=1");
    first.transport().close();
    settle();
    EXPECT_EQ(listener_->connections(), 1u);
    EXPECT_EQ(greet(connect_5).end, "");
}

TEST_F(MqttListener, ANameIsTakenOverByItsNextBearer) {
    auto& five = greet(connect_5);
    auto& three = greet(connect_3);  // the same identifier
    EXPECT_EQ(without_reason_strings(five.take()), hex("e0 01 8e"));
    EXPECT_EQ(five.end, "closed");
    EXPECT_EQ(three.end, "");
    greet(connect_5);
    EXPECT_EQ(three.take(), "") << "3.1.1 has no word for it";
    EXPECT_EQ(three.end, "closed");
    EXPECT_EQ(closed(), "taken_over=2");
    pass(1s);
    EXPECT_EQ(listener_->connections(), 1u);
    greet(connect_3);
    EXPECT_EQ(closed(), "taken_over=3");
}

// Messages.

TEST_F(MqttListener, TakesMessagesAndAnswersInOneWrite) {
    struct Row {
        std::string connect, publishes, pubacks;
    };
    const std::vector<Row> rows{
        {connect_5, "32 09 0003 'a/b' 0001 00 'x' 3a 0a 0003 'a/b' 0101 00 'yz'", "40 02 0001 40 02 0101"},
        {connect_3, "32 08 0003 'a/b' 0001 'x' 3a 09 0003 'a/b' 0101 'yz'", "40 02 0001 40 02 0101"},
        {connect_5, "30 07 0003 'a/b' 00 'x' 30 08 0001 '/' 02 01 01 'yz'", ""},
        {connect_5, "31 07 0003 'a/b' 00 'x' 33 08 0001 '/' 0001 00 'yz'", "40 02 0001"},
        {connect_3, "31 06 0003 'a/b' 'x' 30 07 0003 'a/b' 'yz'", ""},
    };
    for (const Row& row : rows) {
        auto& client = greet(row.connect);
        client.pieces.clear();
        client.send(row.publishes);
        settle();
        EXPECT_THAT(ingest_.take(), ElementsAre("x", "yz")) << row.publishes;
        EXPECT_EQ(client.take(), hex(row.pubacks)) << row.publishes;
        EXPECT_LE(client.pieces.size(), 1u);
        EXPECT_EQ(client.end, "");
    }
}

TEST_F(MqttListener, ReadsPacketsInAnyPieces) {
    auto& client = connect();
    const std::string bytes = testing::bytes_of(std::string(connect_5) + "32 09 0003 'a/b' 0001 00 'x' c0 00");
    for (const char byte : bytes) {
        client.send(testing::hex_of({&byte, 1}));
        settle();
    }
    EXPECT_THAT(ingest_.bodies, ElementsAre("x"));
    EXPECT_EQ(client.take(), hex(std::string(connack_5) + "40 02 0001 d0 00"));
}

TEST_F(MqttListener, AnswersAsIngestDecides) {
    struct Row {
        std::string connect;
        Disposition disposition;
        std::string answer, end;
    };
    const std::vector<Row> rows{
        {connect_5, Disposition::accepted, "40 02 0009", ""},
        {connect_5, Disposition::malformed, "40 03 0009 99", ""},
        {connect_5, Disposition::refused, "40 03 0009 97", ""},
        {connect_5, Disposition::failed, "40 03 0009 83", ""},
        {connect_5, Disposition::rejected, "40 03 0009 87", ""},
        {connect_5, Disposition::ignored, "", ""},
        {connect_5, Disposition::muted, "", ""},
        {connect_3, Disposition::accepted, "40 02 0009", ""},
        {connect_3, Disposition::malformed, "40 02 0009", ""},
        {connect_3, Disposition::ignored, "", ""},
        {connect_3, Disposition::refused, "", "closed"},
    };
    for (const Row& row : rows) {
        ingest_.disposition = row.disposition;
        auto& client = greet(row.connect);
        client.send(row.connect == connect_5 ? "32 07 0001 't' 0009 00 'x'" : "32 06 0001 't' 0009 'x'");
        settle();
        EXPECT_EQ(client.take(), hex(row.answer));
        EXPECT_EQ(client.end, row.end);
        client.send(row.connect == connect_5 ? "30 05 0001 't' 00 'x'" : "30 04 0001 't' 'x'");
        settle();
        EXPECT_EQ(client.take(), "");
        client.transport().close();
        settle();
    }
    EXPECT_EQ(closed(), "busy=1");
}

TEST_F(MqttListener, AnswersLaterInTheOrderOfArrival) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet(connect_5);
    client.send(
        "32 07 0001 't' 0003 00 'a' 32 07 0001 't' 0001 00 'b' 30 05 0001 't' 00 'q' 32 07 0001 't' 0002 00 'c'");
    settle();
    ingest_.decide(3, Disposition::malformed);
    ingest_.decide(2);
    settle();
    EXPECT_EQ(client.take(), "");
    ingest_.decide(0);
    settle();
    EXPECT_EQ(client.take(), hex("40 02 0003"));
    ingest_.decide(1, Disposition::refused);
    settle();
    EXPECT_EQ(client.take(), hex("40 03 0001 97 40 03 0002 99"));
}

TEST_F(MqttListener, BeforeItCannotAnswerItAnswersWhatItCan) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet(connect_3);
    client.send("32 06 0001 't' 0001 'a' 32 06 0001 't' 0002 'b' 32 06 0001 't' 0003 'c'");
    settle();
    ingest_.decide(1, Disposition::refused);
    ingest_.decide(2);
    settle();
    EXPECT_EQ(client.end, "");
    ingest_.decide(0);
    settle();
    EXPECT_EQ(client.take(), hex("40 02 0001"));
    EXPECT_EQ(client.end, "closed");
}

TEST_F(MqttListener, AnswersTheRestWhenOneGetsNoAnswer) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet(connect_5);
    client.send("32 07 0001 't' 0001 00 'a' 32 07 0001 't' 0002 00 'b' 32 07 0001 't' 0003 00 'c'");
    settle();
    ingest_.decide(0, Disposition::ignored);
    ingest_.decide(1, Disposition::muted);
    ingest_.decide(2);
    settle();
    EXPECT_EQ(client.take(), hex("40 02 0003"));
    EXPECT_EQ(client.end, "");
}

TEST_F(MqttListener, DismissesWhoIsThereAndTakesWhoComes) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& idle = greet(connect_5);
    auto& owed = greet("10 0e 0004 'MQTT' 05 02 003c 00 0001 'b'");
    owed.send("32 07 0001 't' 0001 00 'a'");
    settle();
    listener_->dismiss(Listener::Parting::with_goodbye);
    settle();
    EXPECT_EQ(without_reason_strings(idle.take()), hex("e0 01 8b"));
    EXPECT_EQ(idle.end, "closed");
    EXPECT_EQ(owed.end, "");
    ingest_.decide(0);
    settle();
    EXPECT_EQ(without_reason_strings(owed.take()), hex("40 02 0001 e0 01 8b"));
    auto& next = greet(connect_5);
    EXPECT_EQ(next.end, "");
    listener_->dismiss(Listener::Parting::without_a_word);
    settle();
    EXPECT_EQ(next.take(), "");
    EXPECT_EQ(next.end, "closed");
    EXPECT_EQ(greet(connect_5).end, "");
}

TEST_F(MqttListener, ForgetsAnswersThatNobodyWaitsForAnyMore) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& first = greet(connect_5);
    first.send("32 07 0001 't' 0001 00 'a'");
    settle();
    first.transport().close();
    settle();
    auto& second = greet(connect_5);  // in the same place
    second.send("32 07 0001 't' 0005 00 'b'");
    settle();
    ingest_.decide(0);
    settle();
    EXPECT_EQ(second.take(), "") << "the answer was another connection's";
    ingest_.decide(1);
    settle();
    EXPECT_EQ(second.take(), hex("40 02 0005"));
}

TEST_F(MqttListener, HoldsTheClientToTheReceiveMaximum) {
    limits_.streams = 2;
    restart();
    ingest_.mode = FakeIngest::Mode::later;
    auto& five = greet(connect_5);
    five.send("32 06 0001 't' 0001 00 32 06 0001 't' 0002 00 30 04 0001 't' 00");
    settle();
    EXPECT_EQ(five.end, "");
    five.send("32 06 0001 't' 0003 00");
    settle();
    EXPECT_EQ(without_reason_strings(five.take()), hex("e0 01 93"));
    EXPECT_EQ(closed(), "receive_maximum=1");
    EXPECT_EQ(ingest_.take().size(), 3u);

    auto& three = greet(connect_3);  // 3.1.1 has no receive maximum: it is not read until there is room
    three.send("32 05 0001 't' 0001 32 05 0001 't' 0002");
    settle();
    three.send("32 05 0001 't' 0003");
    pass(1h);
    EXPECT_EQ(ingest_.take().size(), 2u);
    EXPECT_EQ(three.end, "") << "its silence is ours";
    ingest_.decide(3);
    settle();
    EXPECT_EQ(ingest_.take().size(), 1u);
    EXPECT_EQ(three.take(), hex("40 02 0001"));
    pass(89s);
    EXPECT_EQ(three.end, "") << "it is still not read";
    ingest_.decide(4);
    pass(2s);
    EXPECT_EQ(three.end, "") << "it has its keep-alive from now on";
    pass(88s);
    EXPECT_EQ(three.end, "closed");
}

TEST_F(MqttListener, WhoLeavesUnreadIsMissedWhenItIsReadAgainOrTakenOver) {
    limits_.streams = 1;
    restart();
    ingest_.mode = FakeIngest::Mode::later;
    const auto come_and_leave = [this] {
        auto& client = greet("10 14 0004 'MQTT' 04 06 003c 0002 'ab' 0001 't' 0001 'x'");
        client.send("32 05 0001 't' 0001");
        settle();
        client.transport().close();
        settle();
    };
    come_and_leave();
    EXPECT_EQ(refused(), "") << "it is not read while its message is not answered";
    ingest_.decide(0);
    settle();
    EXPECT_EQ(refused(), "will=1");
    EXPECT_EQ(listener_->connections(), 0u);
    come_and_leave();
    greet(connect_3);
    EXPECT_EQ(refused(), "will=2");
}

TEST_F(MqttListener, ReadsNoMoreFromWhoDoesNotReadItsAnswers) {
    auto ends = testing::make_pipe(simulation_.loop(), 0ns, traffic_, traffic_);
    auto stuck = std::make_unique<testing::StuckTransport>(std::move(ends.server));
    auto& transport = *stuck;
    testing::BytePeer client(std::move(ends.client));
    listener_->accepted(std::move(stuck));
    client.send(connect_5);
    settle();
    client.take();
    transport.stuck = true;
    constexpr std::size_t pings = 40'000;
    for (std::size_t i = 0; i < pings; ++i) {
        client.send("c0 00");
        settle();
    }
    EXPECT_EQ(transport.unsent(), (64u << 10) + 2);
    transport.come_loose();
    settle();
    EXPECT_EQ(client.take().size(), pings * 4);
    EXPECT_EQ(client.end, "");
    transport.stuck = true;
    for (std::size_t i = 0; i < pings; ++i) {
        client.send("c0 00");
        settle();
    }
    pass(30s - 1ns);
    EXPECT_EQ(client.end, "");
    pass(1ns);
    EXPECT_EQ(client.end, "closed") << "and leaves it at last";
    EXPECT_EQ(closed(), "not_reading=1");
    EXPECT_EQ(listener_->connections(), 0u);
}

TEST_F(MqttListener, HasNothingToSubscribeTo) {
    auto& five = greet(connect_5);
    five.send("82 0b 0009 00 0001 'a' 00 0001 '#' 01 a2 06 0008 00 0001 'a'");
    settle();
    EXPECT_EQ(five.take(), hex("90 05 0009 00 87 87 b0 04 0008 00 11"));
    auto& three = greet(connect_3);
    three.send("82 0a 0009 0001 'a' 00 0001 '#' 01 a2 05 0008 0001 'a'");
    settle();
    EXPECT_EQ(three.take(), hex("90 04 0009 80 80 b0 02 0008"));
    EXPECT_EQ(refused(), "subscribe=2");
    EXPECT_EQ(three.end, "");
}

TEST_F(MqttListener, AnswersToNoMessageOfItsBreakNothing) {
    auto& five = greet(connect_5);
    five.send("40 02 0001 70 03 0001 92 50 03 0001 80 c0 00");
    settle();
    EXPECT_EQ(five.take(), hex("d0 00"));
    five.send("50 02 0007");
    settle();
    EXPECT_EQ(five.take(), hex("62 03 0007 92"));
    auto& three = greet("10 0e 0004 'MQTT' 04 02 003c 0002 'cd'");
    three.send("40 02 0001 70 02 0001 50 02 0007");
    settle();
    EXPECT_EQ(three.take(), hex("62 02 0007"));
    EXPECT_EQ(five.end + three.end, "");
    EXPECT_EQ(refused(), "packet_identifier=7");
}

// Violations that close a connection, and that connection alone.

TEST_F(MqttListener, ClosesAConnectionThatBreaksTheProtocolAlone) {
    struct Row {
        std::string connect, bytes, answer, cause;
    };
    const std::string other_5 = "10 0f 0004 'MQTT' 05 02 003c 00 0002 'cd'";
    const std::string other_3 = "10 0e 0004 'MQTT' 04 02 003c 0002 'cd'";
    const std::vector<Row> rows{
        {other_5, connect_5, "e0 01 82", "protocol_error=1"},
        {other_5, "36 07 0001 't' 0001 00 'x'", "e0 01 81", "malformed=1"},
        {other_5, "30 05 0001 '#' 00 'x'", "e0 01 90", "topic_name=1"},
        {other_5, "30 04 0000 00 'x'", "e0 01 82", "protocol_error=1"},
        {other_5, "30 08 0001 't' 03 23 0021 'x'", "e0 01 94", "topic_alias=1"},
        {other_5, "30 08 0001 't' 03 23 0000 'x'", "e0 01 94", "topic_alias=1"},
        {other_5, "30 07 0000 03 23 0001 'x'", "e0 01 82", "protocol_error=1"},
        {other_5, "30 07 0001 't' 02 0b 01 'x'", "e0 01 82", "protocol_error=1"},
        {other_5, "30 08 0001 't' 03 21 0001 'x'", "e0 01 81", "malformed=1"},  // a property of CONNECT
        {other_5, "30 0b 0001 't' 06 23 0001 23 0001 'x'", "e0 01 82", "protocol_error=1"},
        {other_5, "30 0b 0001 't' 06 26 0001 ff 0000 'x'", "e0 01 81", "malformed=1"},
        {other_5, "30 09 0001 't' 04 08 0001 '#' 'x'", "e0 01 82", "protocol_error=1"},
        {other_5, "38 05 0001 't' 00 'x'", "e0 01 81", "malformed=1"},
        {other_5, "e0 05 00 03 21 0001", "e0 01 81", "malformed=1"},
        {other_5, "30 05 0001 ff 00 'x'", "e0 01 81", "malformed=1"},
        {other_5, "30 01 00", "e0 01 81", "malformed=1"},
        {other_5, "32 06 0001 't' 0000 00", "e0 01 82", "protocol_error=1"},
        {other_5, "30 81 80 40", "e0 01 95", "too_large=1"},
        {other_5, "40 02 0000", "e0 01 82", "protocol_error=1"},
        {other_5, "41 02 0001", "e0 01 81", "malformed=1"},
        {other_5, "90 04 0001 00 00", "e0 01 82", "protocol_error=1"},
        {other_5, "60 02 0001", "e0 01 81", "malformed=1"},
        {other_3, "50 03 0001 00", "", "malformed=1"},
        {other_5, "62 02 0000", "e0 01 82", "protocol_error=1"},
        {other_5, "82 09 0001 02 0b 00 0001 'a' 00", "e0 01 82", "protocol_error=1"},
        {other_5, "82 0f 0001 00 0009 '$share//a' 00", "e0 01 8f", "topic_filter=1"},
        {other_5, "82 10 0001 00 000a '$share/a/b' 04", "e0 01 82", "protocol_error=1"},
        {other_5, "e0 07 00 05 11 0000000a", "e0 01 82", "protocol_error=1"},
        {other_5, "20 03 00 00 00", "e0 01 82", "protocol_error=1"},
        {other_5, "d0 00", "e0 01 82", "protocol_error=1"},
        {other_5, "c0 01 00", "e0 01 81", "malformed=1"},
        {other_5, "f0 00", "e0 01 82", "protocol_error=1"},
        {other_5, "f0 06 19 04 15 0001 'm'", "e0 01 82", "protocol_error=1"},
        {other_5, "f1 00", "e0 01 81", "malformed=1"},  // 5.0, 3.15.1
        {other_5, "82 03 0001 00", "e0 01 82", "protocol_error=1"},
        {other_5, "82 07 0001 00 0001 'a' 03", "e0 01 82", "protocol_error=1"},  // 3.8.3.1
        {other_5, "82 07 0001 00 0001 'a' 40", "e0 01 81", "malformed=1"},
        {other_3, "82 06 0001 0001 'a' 03", "", "malformed=1"},
        {other_5, "82 08 0001 00 0002 '#a' 00", "e0 01 8f", "topic_filter=1"},
        {other_5, "e1 00", "e0 01 81", "malformed=1"},
        {other_5, "00 00", "e0 01 81", "malformed=1"},
        {other_3, connect_3, "", "protocol_error=1"},
        {other_3, "36 06 0001 't' 0001 'x'", "", "malformed=1"},
        {other_3, "30 04 0001 '+' 'x'", "", "topic_name=1"},
        {other_3, "30 81 80 40", "", "too_large=1"},
        {other_3, "f0 00", "", "malformed=1"},
    };
    auto& good = greet(connect_5);
    for (const Row& row : rows) {
        figures_.~Figures();
        new (&figures_) Figures;
        auto& client = greet(row.connect);
        client.send(row.bytes + "30 05 0001 't' 00 'x'");  // packets that follow are not read
        settle();
        EXPECT_EQ(without_reason_strings(client.take()), hex(row.answer)) << row.bytes;
        EXPECT_EQ(client.end, "closed") << row.bytes;
        EXPECT_EQ(closed(), row.cause) << row.bytes;
        EXPECT_THAT(ingest_.take(), IsEmpty()) << row.bytes;
        client.transport().close();
        settle();
        EXPECT_EQ(listener_->connections(), 1u);
    }
    good.send("32 07 0001 't' 0001 00 'x'");
    settle();
    EXPECT_EQ(good.take(), hex("40 02 0001"));
}

// The tables of 3.4.2.1 to 3.7.2.1 and 3.14.2.1: a reason that they do not list for a client ends the connection with
// 0x82.
TEST_F(MqttListener, TakesOfAllReasonsThoseOfTheTables) {
    struct Row {
        std::string packet;
        std::vector<unsigned> listed;
    };
    const std::vector<unsigned> publishes{0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}, releases{0x00, 0x92};
    const Row rows[] = {
        {"40 03 0001", publishes},
        {"50 03 0001", publishes},
        {"62 03 0001", releases},
        {"70 03 0001", releases},
        {"e0 01", {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99}},
    };
    for (const Row& row : rows) {
        for (unsigned reason = 0; reason < 256; ++reason) {
            figures_.~Figures();
            new (&figures_) Figures;
            auto& client = greet("10 0f 0004 'MQTT' 05 02 003c 00 0002 'cd'");
            const char raw[] = {static_cast<char>(reason)};
            client.send(row.packet + testing::hex_of({raw, 1}));
            settle();
            const bool listed = std::find(row.listed.begin(), row.listed.end(), reason) != row.listed.end();
            const bool stays = listed && !row.packet.starts_with("e0");
            EXPECT_EQ(client.end, stays ? "" : "closed") << row.packet << " " << reason;
            EXPECT_EQ(closed(), listed ? "" : "protocol_error=1") << row.packet << " " << reason;
            if (const auto said = without_reason_strings(client.take()); !listed) {
                EXPECT_EQ(said, hex("e0 01 82")) << row.packet << " " << reason;
            }
            client.transport().close();
            settle();
        }
    }
}

TEST_F(MqttListener, EnforcesTheKeepAlive) {
    const std::string slow_5 = "10 0e 0004 'MQTT' 05 02 000a 00 0001 'a'";
    const std::string slow_3 = "10 0d 0004 'MQTT' 04 02 000a 0001 'b'";
    const std::string never = "10 0d 0004 'MQTT' 04 02 0000 0001 'c'";
    auto& five = greet(slow_5);
    auto& three = greet(slow_3);
    auto& unbounded = greet(never);
    pass(14s);
    five.send("c0 00");
    three.send("30 10 00");  // the beginning of a packet is no packet
    settle();
    EXPECT_EQ(five.take(), hex("d0 00"));
    pass(1s - 1ns);
    EXPECT_EQ(three.end, "");
    pass(1ns);
    EXPECT_EQ(three.end, "closed");
    pass(14s - 1ns);
    EXPECT_EQ(five.end, "");
    pass(1ns);
    EXPECT_EQ(without_reason_strings(five.take()), hex("e0 01 8d"));
    EXPECT_EQ(five.end, "closed");
    EXPECT_EQ(closed(), "keepalive=2");
    pass(1h);
    EXPECT_EQ(unbounded.end, "");
    EXPECT_EQ(listener_->connections(), 1u);
}

TEST_F(MqttListener, OneAndAHalfKeepAlivesOfASecondAreNotOne) {
    auto& client = greet("10 0e 0004 'MQTT' 05 02 0001 00 0001 'a'");
    pass(1'500ms - 1ns);
    EXPECT_EQ(client.end, "");
    pass(1ns);
    EXPECT_EQ(client.end, "closed");
}

TEST_F(MqttListener, TheLimitOfIdlenessHoldsWithoutAKeepAlive) {
    limits_.idle = 20s;
    auto& client = greet("10 0d 0004 'MQTT' 04 02 0000 0001 'c'");
    auto& kept = greet(connect_3);
    pass(20s);
    EXPECT_EQ(client.end, "closed");
    EXPECT_EQ(kept.end, "");
    EXPECT_EQ(closed(), "idle=1");
}

TEST_F(MqttListener, SaysGoodbyeToWhoDoes) {
    for (const char* connect_packet : {connect_5, connect_3}) {
        ingest_.mode = FakeIngest::Mode::at_once;
        auto& client = greet(connect_packet);
        client.send(std::string(connect_packet == connect_5 ? "32 06 0001 't' 0001 00" : "32 05 0001 't' 0001") +
                    "e0 00");
        settle();
        EXPECT_EQ(client.take(), hex("40 02 0001"));
        EXPECT_EQ(client.end, "closed");
        EXPECT_EQ(listener_->connections(), 1u) << "until the client's end";
        client.transport().shut();
        settle();
        EXPECT_EQ(listener_->connections(), 0u);
    }
    auto& stays = greet(connect_5);
    stays.send("e0 00");
    pass(1s);
    EXPECT_EQ(listener_->connections(), 0u) << "or not longer than it is worth waiting";
    EXPECT_EQ(closed() + refused(), "");
}

TEST_F(MqttListener, CountsWillsThatItDoesNotPublish) {
    const std::string willing = "10 16 0004 'MQTT' 05 06 003c 00 0002 'ab' 00 0001 't' 0001 'x'";
    const std::vector<std::pair<std::string, std::string>> rows{
        {"e0 00", ""}, {"e0 01 04", "will=1"}, {"30 01 00", "will=1"}, {"", "will=1"}};
    for (const auto& [bytes, count] : rows) {
        figures_.~Figures();
        new (&figures_) Figures;
        auto& client = greet(willing);
        client.send(bytes);
        settle();
        client.transport().close();
        settle();
        EXPECT_EQ(refused(), count) << bytes;
        EXPECT_EQ(listener_->connections(), 0u);
    }
}

// Stopping.

TEST_F(MqttListener, StopsOnceWhatItOwesIsAnswered) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& idle = greet(connect_5);
    auto& owed = greet("10 0e 0004 'MQTT' 05 02 003c 00 0001 'b'");
    auto& silent = connect();
    owed.send("32 07 0001 't' 0001 00 'a' 32 07 0001 't' 0002 00 'b'");
    settle();
    listener_->stop();
    settle();
    EXPECT_EQ(without_reason_strings(idle.take()), hex("e0 01 8b"));
    EXPECT_EQ(idle.end, "closed");
    EXPECT_EQ(silent.end, "closed");
    EXPECT_EQ(owed.end, "");
    owed.send("32 07 0001 't' 0003 00 'c'");
    settle();
    EXPECT_THAT(ingest_.bodies, ElementsAre("a", "b")) << "nothing new";
    ingest_.decide(1);
    ingest_.decide(0);
    settle();
    EXPECT_EQ(without_reason_strings(owed.take()), hex("40 02 0001 40 02 0002 e0 01 8b"));
    EXPECT_EQ(connect().end, "");
    settle();
    EXPECT_EQ(clients_.back()->end, "reset");
    pass(1s);
    EXPECT_EQ(listener_->connections(), 0u);
    EXPECT_EQ(closed(), "stopping=4");
}

TEST_F(MqttListener, WhoIsCutOffWhileItStopsLeavesItsWill) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet("10 16 0004 'MQTT' 05 06 003c 00 0002 'ab' 00 0001 't' 0001 'x'");
    client.send("32 07 0001 't' 0001 00 'a'");
    settle();
    listener_->stop();
    client.transport().write(std::vector<std::byte>(300 << 10));  // more than is read after our last packet
    settle();
    EXPECT_EQ(client.end, "reset");
    EXPECT_EQ(refused(), "will=1");
    EXPECT_EQ(listener_->connections(), 0u);
}

TEST_F(MqttListener, MayBeDestroyedWithConnectionsAndAnswersOpen) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet(connect_5);
    connect();
    client.send("32 07 0001 't' 0001 00 'a'");
    settle();
    listener_.reset();
    settle();
    EXPECT_EQ(client.end, "closed");
}

}  // namespace
}  // namespace portillon::server::listeners::mqtt
