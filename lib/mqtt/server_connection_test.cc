#include "mqtt/server_connection.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "testing/byte_peer.h"

namespace portillon::mqtt {
namespace {

using ::testing::ElementsAre;
using testing::hex;
using ::testing::IsEmpty;
using wire::mqtt::Payload;
using wire::mqtt::Qos;
using wire::mqtt::Reason;
using State = ServerConnection::State;
using Present = ServerConnection::Present;

constexpr const char* connect_five = "10 0f 0004 'MQTT' 05 02 003c 00 0002 'ab'";
constexpr const char* connack_five = "20 0e 00 00 0b 21 0003 27 00001000 22 0020";
constexpr const char* connect_three = "10 0e 0004 'MQTT' 04 00 003c 0002 'ab'";

// An owner that notes the events, and calls welcome() at once if it is told to.
struct ServerEnd final : ServerConnection::Events {
    void connecting(const ServerConnection::Claim& claim) override {
        heard.push_back("connecting " + std::string(claim.client_id) +
                        (claim.start == ServerConnection::Claim::Start::clean ? " clean" : " resume"));
        if (welcomes_at_once) {
            connection.welcome(session, present, then);
        }
    }
    std::string make_client_id() override { return "made"; }
    void published(Payload payload, Qos qos, std::uint64_t exchange) override {
        heard.push_back("published " + std::string(reinterpret_cast<const char*>(payload.data()), payload.size()) +
                        " " + std::to_string(static_cast<int>(qos)));
        exchanges.push_back(exchange);
    }
    void refused(std::string_view cause) override { heard.push_back("refused " + std::string(cause)); }
    void answerable() override { ++answerables; }
    void leaves(std::string_view cause) override { heard.push_back("leaves " + std::string(cause)); }
    void leaves_without_packet(std::string_view cause) override {
        heard.push_back("leaves without packet " + std::string(cause));
    }

    void send(const std::string& script) {
        const std::string bytes = testing::bytes_of(script);
        connection.receive(std::as_bytes(std::span(bytes)));
    }
    std::string said() {
        const std::string bytes(reinterpret_cast<const char*>(context.out.bytes.data()), context.out.used);
        context.out.used = 0;
        return testing::hex_of(bytes);
    }
    std::vector<std::string> news() { return std::exchange(heard, {}); }

    void greet(const char* connect) {
        send(connect);
        said();
        news();
    }

    ServerContext context{4'096, 3, 0s, 3'600};
    SessionState session;
    Present present = Present::no;
    bool welcomes_at_once = true;
    ServerConnection::Then then = ServerConnection::Then::go_on;
    std::vector<std::string> heard;
    std::vector<std::uint64_t> exchanges;
    int answerables = 0;
    ServerConnection connection{context, *this};
};

TEST(MqttServerConnection, GreetsWithItsTerms) {
    ServerEnd end;
    end.send(connect_five);
    EXPECT_THAT(end.news(), ElementsAre("connecting ab clean"));
    EXPECT_EQ(end.said(), hex(connack_five));
    EXPECT_EQ(end.connection.state(), State::connected);
    EXPECT_EQ(end.connection.keepalive_seconds(), 60);
}

TEST(MqttServerConnection, TakesNothingInBeforeItsOwnerWelcomesIt) {
    ServerEnd end;
    end.welcomes_at_once = false;
    end.send(std::string(connect_five) + " 30 06 0001 't' 00 'a1' c0");
    EXPECT_EQ(end.connection.state(), State::claiming);
    end.send("00 30 06 0001 't' 00 'a2'");
    EXPECT_THAT(end.news(), ElementsAre("connecting ab clean"));
    EXPECT_EQ(end.said(), "");
    end.connection.welcome(end.session, Present::yes);
    EXPECT_EQ(end.said(), hex("20 0e 01 00 0b 21 0003 27 00001000 22 0020"));
    EXPECT_THAT(end.news(), IsEmpty());
    end.connection.go_on();
    EXPECT_THAT(end.news(), ElementsAre("published a1 0", "published a2 0"));
    EXPECT_EQ(end.said(), hex("d0 00"));
    end.send("30 06 0001 't' 00 'a3'");
    EXPECT_THAT(end.news(), ElementsAre("published a3 0"));
}

TEST(MqttServerConnection, WaitsAfterItsWelcomeIfItIsToldTo) {
    ServerEnd end;
    end.then = ServerConnection::Then::wait;
    end.send(std::string(connect_five) + " 30 06 0001 't' 00 'a1'");
    EXPECT_EQ(end.said(), hex(connack_five));
    EXPECT_TRUE(end.connection.is_waiting());
    end.send("30 06 0001 't' 00 'a2'");
    EXPECT_THAT(end.news(), ElementsAre("connecting ab clean"));
    end.connection.go_on();
    EXPECT_THAT(end.news(), ElementsAre("published a1 0", "published a2 0"));
    end.send("30 06 0001 't' 00 'a3'");
    EXPECT_THAT(end.news(), ElementsAre("published a3 0"));
}

TEST(MqttServerConnection, KeepsTheRestOfAPieceWhoseConnectWasSplit) {
    ServerEnd end;
    end.welcomes_at_once = false;
    const std::string whole = testing::bytes_of(std::string(connect_five) + " 30 06 0001 't' 00 'a1'");
    for (const std::string& piece : {whole.substr(0, 5), whole.substr(5, 15), whole.substr(20)}) {
        end.connection.receive(std::as_bytes(std::span(piece)));
    }
    end.connection.welcome(end.session, Present::no);
    end.connection.go_on();
    EXPECT_THAT(end.news(), ElementsAre("connecting ab clean", "published a1 0"));
}

TEST(MqttServerConnection, AnswersInTheOrderOfArrival) {
    ServerEnd end;
    end.greet(connect_five);
    end.send("32 07 0001 't' 0001 00 'a' 32 07 0001 't' 0002 00 'b'");
    ASSERT_EQ(end.exchanges.size(), 2u);
    end.connection.decided(end.exchanges[1], Reason::quota_exceeded);
    end.connection.answer();
    EXPECT_EQ(end.said(), "");
    end.connection.decided(end.exchanges[0], Reason::success);
    EXPECT_EQ(end.answerables, 2);
    end.connection.answer();
    EXPECT_EQ(end.said(), hex("40 02 0001 40 03 0002 97"));
}

TEST(MqttServerConnection, HandsAMessageAtQos2OutOnceUntilItIsReleased) {
    ServerEnd end;
    end.greet(connect_five);
    end.send("34 07 0001 't' 0007 00 'a'");
    EXPECT_THAT(end.news(), ElementsAre("published a 2"));
    EXPECT_EQ(end.exchanges.back(), 7u);
    auto& received = end.session.received.at(0);
    received.state = SessionState::Received::State::taken;
    end.connection.decided(received.number, Reason::success);
    end.connection.answer();
    EXPECT_EQ(end.said(), hex("50 02 0007"));
    end.send("3c 07 0001 't' 0007 00 'a'");
    end.connection.answer();
    EXPECT_EQ(end.said(), hex("50 02 0007"));
    EXPECT_THAT(end.news(), IsEmpty());
    end.send("62 02 0007");
    EXPECT_EQ(end.said(), hex("70 02 0007"));
    EXPECT_THAT(end.session.received, IsEmpty());
}

TEST(MqttServerConnection, LeavesWhenItLosesItsSession) {
    ServerEnd end;
    end.greet(connect_three);
    end.connection.lose_session(Present::yes);
    EXPECT_THAT(end.news(), ElementsAre("leaves taken_over"));
    EXPECT_EQ(end.said(), "") << "3.1.1 has no DISCONNECT from a server";
    end.send("30 05 0001 't' 'a1'");
    EXPECT_THAT(end.news(), IsEmpty());
}

TEST(MqttServerConnection, VanishesWhen311HasNoWordForItsAnswer) {
    ServerEnd end;
    end.greet(connect_three);
    end.send("32 06 0001 't' 0001 'a'");
    end.connection.decided(end.exchanges[0], Reason::quota_exceeded);
    end.connection.answer();
    EXPECT_THAT(end.news(), ElementsAre("published a 1", "leaves without packet busy"));
}

TEST(MqttServerConnection, StopsWithItsLastAnswer) {
    ServerEnd end;
    end.greet(connect_five);
    end.send("32 07 0001 't' 0001 00 'a'");
    end.connection.stop();
    end.connection.answer();
    EXPECT_EQ(end.connection.state(), State::draining);
    end.connection.decided(end.exchanges[0], Reason::success);
    end.connection.answer();
    EXPECT_THAT(end.news(), ElementsAre("published a 1", "leaves stopping"));
    EXPECT_EQ(end.said().substr(0, 10), hex("40 02 0001 e0"));
}

TEST(MqttServerConnection, SaysWhatBecomesOfItsWill) {
    using Will = ServerConnection::Will;
    const struct {
        const char* connect;
        Will will;
    } rows[] = {
        {connect_five, Will::none},
        {"10 15 0004 'MQTT' 05 06 003c 00 0001 'w' 00 0001 't' 0001 'x'", Will::left},
        {"10 1a 0004 'MQTT' 05 06 003c 00 0001 'w' 05 18 0000000a 0001 't' 0001 'x'", Will::delayed},
    };
    for (const auto& row : rows) {
        ServerEnd end;
        end.send(row.connect);
        EXPECT_EQ(end.connection.will(), row.will) << row.connect;
        end.send("e0 00");
        EXPECT_EQ(end.connection.will(), Will::none);
    }
}

TEST(MqttServerConnection, VanishesAtWhatIsNoConnect) {
    ServerEnd end;
    end.send("30 05 0001 't' 'a1'");
    EXPECT_THAT(end.news(), ElementsAre("leaves without packet protocol_error"));
    EXPECT_EQ(end.said(), "");
}

}  // namespace
}  // namespace portillon::mqtt
