// QoS 2, and what a session keeps while its client is away.

#include <gmock/gmock.h>

#include <array>

#include "server/listeners/mqtt/connection.h"
#include "server/listeners/mqtt/harness.h"

namespace portillon::server::listeners::mqtt {
namespace {

using ::testing::ElementsAre;
using testing::hex;
using ::testing::IsEmpty;

// Client "ab"; in version 5 the session is kept for 10 s.
constexpr const char* kept_5 = "10 14 0004 'MQTT' 05 00 003c 05 11 0000000a 0002 'ab'";
constexpr const char* clean_kept_5 = "10 14 0004 'MQTT' 05 02 003c 05 11 0000000a 0002 'ab'";
constexpr const char* kept_3 = "10 0e 0004 'MQTT' 04 00 003c 0002 'ab'";

class MqttSessions : public ListenerHarness {
protected:
    std::string closed() const { return counted(figures_.closed); }

    // The answer to a client that sends `connect_packet`.
    std::string greeting(const std::string& connect_packet) {
        client_ = &connect();
        client_->send(connect_packet);
        settle();
        return client_->take();
    }
    void go() {
        client_->transport().close();
        settle();
    }
    std::string say(const std::string& bytes) {
        client_->send(bytes);
        settle();
        return client_->take();
    }

    testing::BytePeer* client_ = nullptr;
};

TEST_F(MqttSessions, AMessageAtQos2IsTakenOnceAndReleased) {
    struct Row {
        std::string connect, publish, again;
    };
    const std::vector<Row> rows{
        {connect_5, "34 07 0001 't' 0009 00 'x'", "3c 07 0001 't' 0009 00 'x'"},
        {connect_3, "34 06 0001 't' 0009 'x'", "3c 06 0001 't' 0009 'x'"},
    };
    for (const Row& row : rows) {
        greet(row.connect);
        client_ = clients_.back().get();
        EXPECT_EQ(say(row.publish), hex("50 02 0009"));
        EXPECT_THAT(ingest_.take(), ElementsAre("x"));
        EXPECT_EQ(say(row.again), hex("50 02 0009"));
        EXPECT_EQ(say(row.publish), hex("50 02 0009")) << "the identifier counts, not the flag";
        EXPECT_THAT(ingest_.take(), IsEmpty());
        EXPECT_EQ(say("62 02 0009"), hex("70 02 0009"));
        EXPECT_EQ(say(row.publish), hex("50 02 0009"));
        EXPECT_THAT(ingest_.take(), ElementsAre("x")) << "it was released: another message";
        EXPECT_EQ(say("62 02 0009"), hex("70 02 0009"));
        EXPECT_EQ(client_->end, "");
        go();
    }
}

TEST_F(MqttSessions, AReleaseOfNothingIsAnswered) {
    greeting(connect_5);
    EXPECT_EQ(say("62 02 0007"), hex("70 03 0007 92"));
    greeting(connect_3);
    EXPECT_EQ(say("62 02 0007"), hex("70 02 0007"));
    EXPECT_EQ(client_->end, "");
}

TEST_F(MqttSessions, AReleaseBeforeItsPubrecBreaksTheProtocol) {
    ingest_.mode = FakeIngest::Mode::later;
    greeting(connect_5);
    say("34 07 0001 't' 0009 00 'x'");
    EXPECT_EQ(without_reason_strings(say("62 02 0009")), hex("e0 01 82"));
    ingest_.decide(0);
    EXPECT_EQ(client_->end, "closed");
}

TEST_F(MqttSessions, AReleaseThatDoesNotWaitIsAnsweredAfterItsMessage) {
    greeting(connect_5);
    EXPECT_EQ(say("34 07 0001 't' 0009 00 'x' 62 02 0009"), hex("50 02 0009 70 02 0009"));
    ingest_.disposition = Disposition::refused;
    EXPECT_EQ(say("34 07 0001 't' 0009 00 'x' 62 02 0009"), hex("50 03 0009 97 70 03 0009 92"));
    greeting(connect_3);
    EXPECT_EQ(say("34 06 0001 't' 0009 'x' 62 02 0009"), "") << "a PUBCOMP would be a yes";
    EXPECT_EQ(client_->end, "closed");
}

TEST_F(MqttSessions, PubrecSaysWhatIngestDecides) {
    struct Row {
        std::string connect;
        Disposition disposition;
        std::string answer, end;
        std::size_t arrivals;  // when it is sent twice
    };
    const std::vector<Row> rows{
        {connect_5, Disposition::accepted, "50 02 0009", "", 1},
        {connect_5, Disposition::malformed, "50 03 0009 99", "", 2},
        {connect_5, Disposition::refused, "50 03 0009 97", "", 2},
        {connect_5, Disposition::failed, "50 03 0009 83", "", 2},
        {connect_5, Disposition::rejected, "50 03 0009 87", "", 2},
        {connect_5, Disposition::ignored, "", "", 2},
        {connect_3, Disposition::malformed, "50 02 0009", "", 1},
        {connect_3, Disposition::refused, "", "closed", 1},
    };
    for (const Row& row : rows) {
        const std::string publish = row.connect == connect_5 ? "34 07 0001 't' 0009 00 'x'" : "34 06 0001 't' 0009 'x'";
        ingest_.disposition = row.disposition;
        greeting(row.connect);
        EXPECT_EQ(say(publish), hex(row.answer));
        EXPECT_EQ(client_->end, row.end);
        EXPECT_EQ(say(publish), hex(row.answer));
        EXPECT_EQ(ingest_.take().size(), row.arrivals) << "what was refused is another message the next time";
        go();
    }
}

TEST_F(MqttSessions, WhatWasTakenWithoutAWordIsNotTakenAgain) {
    ingest_.disposition = Disposition::muted;
    greeting(connect_5);
    EXPECT_EQ(say("34 07 0001 't' 0009 00 'x'"), "");
    ingest_.disposition = Disposition::accepted;
    EXPECT_EQ(say("3c 07 0001 't' 0009 00 'x'"), hex("50 02 0009"));
    EXPECT_EQ(ingest_.take().size(), 1u);
}

TEST_F(MqttSessions, AnswersOfBothKindsLeaveInTheOrderOfArrival) {
    ingest_.mode = FakeIngest::Mode::later;
    greeting(connect_5);
    say("34 07 0001 't' 0001 00 'a' 32 07 0001 't' 0002 00 'b' 34 07 0001 't' 0003 00 'c'");
    ingest_.decide(2);
    ingest_.decide(1);
    EXPECT_EQ(say(""), "");
    ingest_.decide(0);
    EXPECT_EQ(say(""), hex("50 02 0001 40 02 0002 50 02 0003"));
}

TEST_F(MqttSessions, TheReceiveMaximumCountsUntilTheRelease) {
    limits_.streams = 2;
    restart();
    greeting(connect_5);
    say("34 06 0001 't' 0001 00 34 06 0001 't' 0002 00");
    say("62 02 0001");
    EXPECT_EQ(say("34 06 0001 't' 0003 00"), hex("50 02 0003"));
    EXPECT_EQ(without_reason_strings(say("34 06 0001 't' 0004 00")), hex("e0 01 93"));
    EXPECT_EQ(closed(), "receive_maximum=1");

    // A message that was sent again and released before it was counted here leaves the count alone.
    greeting(kept_5);
    say("34 06 0001 't' 0001 00");
    go();
    greeting(kept_5);
    say("62 02 0001 34 06 0001 't' 0002 00 34 06 0001 't' 0003 00");
    EXPECT_EQ(client_->end, "");
    say("34 06 0001 't' 0004 00");
    EXPECT_EQ(client_->end, "closed");
}

TEST_F(MqttSessions, WhatIsNotReleasedIsBounded) {
    limits_.streams = 65'535;
    restart();
    greeting(connect_3);
    for (int id = 1; id <= 4'096; ++id) {
        const std::array<char, 2> raw{static_cast<char>(id >> 8), static_cast<char>(id & 0xFF)};
        client_->send("34 05 0001 't' " + testing::hex_of({raw.data(), 2}));
    }
    settle();
    EXPECT_EQ(client_->end, "");
    say("34 05 0001 't' 2000");
    EXPECT_EQ(client_->end, "closed");
    EXPECT_EQ(closed(), "receive_maximum=1");
    EXPECT_EQ(greeting(connect_5), hex("20 0e 00 00 0b 21 1000 27 00100000 22 0020"))
        << "not more than that is promised";
}

TEST_F(MqttSessions, AnIdentifierOfAnUnreleasedMessageIsNotForQos1) {
    greeting(connect_5);
    say("34 07 0001 't' 0009 00 'x'");
    EXPECT_EQ(say("32 07 0001 't' 0009 00 'y'"), hex("40 03 0009 91"));
    EXPECT_THAT(ingest_.take(), ElementsAre("x"));
    EXPECT_EQ(client_->end, "");
}

TEST_F(MqttSessions, SaysTruthfullyWhetherASessionIsPresent) {
    struct Row {
        std::string first, second;
        Nanos away;
        std::string greeting;
    };
    const std::vector<Row> rows{
        {kept_3, kept_3, 1s, connack_3_present},
        {kept_3, kept_3, 1h - 1ns, connack_3_present},
        {kept_3, kept_3, 1h, connack_3},
        {kept_3, connect_3, 1s, connack_3},
        {connect_3, kept_3, 1s, connack_3},
        {kept_3, kept_5, 1s, connack_5_present},
        {kept_5, kept_5, 10s - 1ns, connack_5_present},
        {kept_5, kept_5, 10s, connack_5},
        {clean_kept_5, kept_5, 1s, connack_5_present},
        {kept_5, clean_kept_5, 1s, connack_5},
        {connect_5, kept_5, 1s, connack_5},
    };
    for (const Row& row : rows) {
        restart();
        greeting(row.first);
        go();
        pass(row.away);
        EXPECT_EQ(greeting(row.second), hex(row.greeting)) << row.first << " " << row.second;
    }
}

TEST_F(MqttSessions, ASessionSurvivesATakeOverUnlessItEndsWithItsConnection) {
    greeting(kept_5);
    auto& first = *client_;
    EXPECT_EQ(greeting(kept_5), hex(connack_5_present));
    EXPECT_EQ(without_reason_strings(first.take()), hex("e0 01 8e"));
    greeting(connect_5);
    EXPECT_EQ(greeting(kept_5), hex(connack_5)) << "that of a clean start without expiry was gone with it";
}

TEST_F(MqttSessions, ResumesTheHandshakeOfQos2) {
    for (const char* connect_packet : {kept_5, kept_3}) {
        const bool five = connect_packet == kept_5;
        const std::string publish = five ? "34 07 0001 't' 0009 00 'x'" : "34 06 0001 't' 0009 'x'";
        greeting(connect_packet);
        say(publish);
        go();
        greeting(connect_packet);
        EXPECT_EQ(say(publish), hex("50 02 0009"));
        go();
        greeting(connect_packet);
        EXPECT_EQ(say("62 02 0009"), hex("70 02 0009"));
        EXPECT_THAT(ingest_.take(), ElementsAre("x"));
        go();
        greeting(connect_packet);
        EXPECT_EQ(say("62 02 0009"), hex(five ? "70 03 0009 92" : "70 02 0009"));
        go();
    }
}

TEST_F(MqttSessions, AMessageThatIsDecidedWhileItsClientIsAwayIsAnsweredWhenItIsBack) {
    ingest_.mode = FakeIngest::Mode::later;
    greeting(kept_5);
    say("34 07 0001 't' 0009 00 'x' 34 07 0001 't' 000a 00 'y' 34 07 0001 't' 000b 00 'z'");
    go();
    ingest_.decide(0);
    ingest_.decide(1, Disposition::refused);
    greeting(kept_5);
    EXPECT_EQ(say("3c 07 0001 't' 0009 00 'x'"), hex("50 02 0009"));
    EXPECT_EQ(say("3c 07 0001 't' 000b 00 'z'"), "") << "still undecided";
    EXPECT_THAT(ingest_.take(), ElementsAre("x", "y", "z"));
    ingest_.decide(2);
    EXPECT_EQ(say(""), hex("50 02 000b"));
    say("3c 07 0001 't' 000a 00 'y'");
    EXPECT_THAT(ingest_.take(), ElementsAre("y")) << "what was refused comes again";
}

TEST_F(MqttSessions, ADecisionForASessionThatWasForgottenGoesNowhere) {
    ingest_.mode = FakeIngest::Mode::later;
    greeting(kept_5);
    say("34 07 0001 't' 0009 00 'x'");
    go();
    greeting(clean_kept_5);
    say("34 07 0001 't' 0009 00 'y'");
    ingest_.decide(0);
    EXPECT_EQ(say(""), "") << "another message with that identifier";
    ingest_.decide(1);
    EXPECT_EQ(say(""), hex("50 02 0009"));
    go();
    pass(1min);
    ingest_.mode = FakeIngest::Mode::at_once;
    greeting(connect_3);  // in the place of the session that has expired
    EXPECT_EQ(say("34 06 0001 't' 0009 'z'"), hex("50 02 0009"));
}

TEST_F(MqttSessions, TheClientMayChangeTheExpiryWhenItLeaves) {
    greeting(kept_5);
    say("e0 07 00 05 11 00000000");
    EXPECT_EQ(client_->end, "closed");
    EXPECT_EQ(greeting(kept_5), hex(connack_5));
    say("e0 07 00 05 11 00000064");
    pass(99s);
    EXPECT_EQ(greeting(kept_5), hex(connack_5_present));
}

TEST_F(MqttSessions, LeavesWhoWasNamedHereItsSession) {
    auto& client = connect();
    client.send("10 12 0004 'MQTT' 05 00 003c 05 11 0000000a 0000");
    settle();
    const std::string name = testing::bytes_of(client.take()).substr(19);
    client.transport().close();
    settle();
    EXPECT_EQ(greeting("10 2b 0004 'MQTT' 05 00 003c 05 11 0000000a 0019 '" + name + "'"), hex(connack_5_present));
}

TEST_F(MqttSessions, KeepsToTheClientsMaximumPacketSize) {
    greeting("10 14 0004 'MQTT' 05 02 003c 05 27 00000010 0002 'ab'");
    EXPECT_EQ(client_->end, "");
    say("34 07 0001 't' 0009 00 'x'");
    EXPECT_EQ(say("c0 01 00"), hex("e0 01 81")) << "no room for an explanation";
    greeting("10 14 0004 'MQTT' 05 02 003c 05 27 0000000f 0002 'ab'");
    EXPECT_EQ(client_->end, "closed") << "not even for a CONNACK";
    EXPECT_EQ(closed(), "malformed=1 too_large=1");
}

TEST_F(MqttSessions, WhoTakesNoConnackTakesNobodysSession) {
    greeting(kept_5);
    auto& first = *client_;
    greeting("10 1b 0004 'MQTT' 05 06 003c 05 27 0000000f 0002 'ab' 00 0001 't' 0001 'x'");
    EXPECT_EQ(client_->end, "closed");
    EXPECT_EQ(first.end, "");
    EXPECT_EQ(counted(figures_.refused), "") << "nor does it leave a will";
}

TEST_F(MqttSessions, KeepsToTheClientsMaximumPacketSizeWhenItTurnsItAway) {
    const std::string authenticates = "10 18 0004 'MQTT' 05 02 003c 09 15 0001 'm' 27 000000";
    EXPECT_EQ(greeting(authenticates + "05 0002 'ab'"), hex("20 03 00 8c 00")) << "no room for an explanation";
    EXPECT_EQ(client_->end, "closed");
    EXPECT_EQ(greeting(authenticates + "04 0002 'ab'"), "") << "nor for the CONNACK";
    EXPECT_EQ(client_->end, "closed");
    EXPECT_EQ(closed(), "authentication_method=2");
}

// MQTT 5.0, 3.1.3.2.2.
TEST_F(MqttSessions, AWillWithADelayWaitsForItsClientToComeBack) {
    const auto will = [this] { return counted(figures_.refused); };
    // The will's delay is 5 s; the session is kept for 10 s, for 3 s, not at all.
    const auto with_will = [](const char* flags, const char* expiry) {
        return std::string("10 20 0004 'MQTT' 05 ") + flags + " 003c 05 11 " + expiry +
               " 0002 'ab' 05 18 00000005 0001 't' 0001 'x'";
    };
    const std::string kept = with_will("04", "0000000a");
    greeting(kept);
    go();
    pass(5s - 1ns);
    EXPECT_EQ(will(), "");
    pass(1ns);
    EXPECT_EQ(will(), "will=1") << "it has not come back";
    greeting(kept);
    go();
    pass(4s);
    greeting(kept);
    pass(30s);
    EXPECT_EQ(will(), "will=1") << "it has";
    auto& before = *client_;
    greeting(kept);
    EXPECT_EQ(before.end, "closed");
    EXPECT_EQ(will(), "will=1") << "on another connection, the session goes on";
    greeting(with_will("06", "0000000a"));
    EXPECT_EQ(will(), "will=2") << "the session has ended";
    go();
    greeting(clean_kept_5);
    EXPECT_EQ(will(), "will=3") << "the same, while it was away";
    greeting(with_will("04", "00000003"));
    go();
    pass(3s);
    EXPECT_EQ(will(), "will=4") << "the session ends before the delay does";
    greeting(with_will("04", "00000000"));
    go();
    EXPECT_EQ(will(), "will=5") << "the session ends with the connection";
    greeting(kept);
    say("e0 07 04 05 11 00000000");
    EXPECT_EQ(will(), "will=6") << "it wants its will, and no session";
    greeting(kept);
    say("e0 00");
    go();
    pass(30s);
    EXPECT_EQ(will(), "will=6") << "it has said goodbye";
}

TEST_F(MqttSessions, TakesPaddedLengthsFromThoseToWhomTheyAreAllowed) {
    EXPECT_EQ(greeting("10 8e 00 0004 'MQTT' 04 02 003c 0002 'ab'"), hex(connack_3));
    EXPECT_EQ(say("32 85 80 00 0001 't' 0001 c0 80 00"), hex("d0 00 40 02 0001"));
    EXPECT_EQ(client_->end, "");
    const std::string padded_5 = greeting("10 8f 00 0004 'MQTT' 05 02 003c 00 0002 'ab'");
    EXPECT_EQ(without_reason_strings(padded_5), hex("20 03 00 81 00")) << "5.0, 1.5.5";
    greeting(connect_5);
    EXPECT_EQ(say("c0 80 00").substr(0, 2), "e0");
    EXPECT_EQ(closed(), "malformed=2 taken_over=1");
}

TEST_F(MqttSessions, TakesTopicAliasesWithinItsMaximum) {
    greeting(connect_5);
    EXPECT_EQ(say("32 0a 0001 't' 0001 03 23 0020 'a' 32 09 0000 0002 03 23 0020 'b'"), hex("40 02 0001 40 02 0002"));
    EXPECT_THAT(ingest_.take(), ElementsAre("a", "b"));
    EXPECT_EQ(without_reason_strings(say("32 09 0000 0003 03 23 0001 'c'")), hex("e0 01 82"));
}

TEST_F(MqttSessions, AnnouncesAKeepAliveThatItEnforces) {
    limits_.idle = 30s;
    restart();
    EXPECT_EQ(greeting("10 0f 0004 'MQTT' 05 02 0000 00 0002 'ab'"),
              hex("20 11 00 00 0e 21 0100 27 00100000 22 0020 13 0014"));
    EXPECT_EQ(greeting("10 0f 0004 'MQTT' 05 02 0014 00 0002 'cd'"), hex(connack_5));
    pass(30s);
    EXPECT_EQ(clients_[0]->end + clients_[1]->end, "closedclosed");
    EXPECT_EQ(closed(), "keepalive=2");
}

TEST_F(MqttSessions, APacketThatHasBegunMustGrow) {
    limits_.first_byte = 2s;
    greeting("10 0d 0004 'MQTT' 04 02 0000 0001 'a'");
    say("30 80 80 04");  // 64 KiB to come
    for (int i = 0; i < 64; ++i) {
        say("00");
        pass(30ms);
    }
    EXPECT_EQ(client_->end, "");
    pass(80ms);
    EXPECT_EQ(client_->end, "closed");
    EXPECT_EQ(closed(), "unfinished=1");

    greeting("10 0e 0004 'MQTT' 05 02 0000 00 0001 'a'");
    client_->send("30 80 80 04 0001 't' 00");
    for (int second = 0; second < 55; ++second) {
        const std::vector<std::byte> kilobyte(1'100);
        client_->transport().write(kilobyte);
        pass(1s);
    }
    EXPECT_EQ(client_->end, "") << "slow, but it comes";
    client_->transport().write(std::vector<std::byte>(65'536 - 4 - 55 * 1'100));
    settle();
    EXPECT_THAT(ingest_.take(), ::testing::SizeIs(1));
}

TEST_F(MqttSessions, ManySessionsOfClientsThatAreAwayAreBounded) {
    testing::Simulation its_time;
    Sessions sessions(its_time.loop(), figures_);
    auto ends = testing::make_pipe(simulation_.loop(), 0ns, traffic_, traffic_);
    Listener listener({simulation_.loop(), ingest_, limits_, figures_});
    Connection nobody(listener, std::move(ends.server), {});
    const auto leave_one = [&](std::size_t number, std::uint32_t expiry_seconds) {
        Session& session = sessions.claim(std::to_string(number), Sessions::Start::resume, nobody).session;
        session.expiry_seconds = expiry_seconds;
        sessions.release(session);
    };
    leave_one(0, 10);
    for (std::size_t i = 1; i < Sessions::most_away; ++i) {
        leave_one(i, 1'000);
    }
    EXPECT_EQ(sessions.away(), Sessions::most_away);
    leave_one(Sessions::most_away, 1'000);
    EXPECT_EQ(sessions.away(), Sessions::most_away);
    EXPECT_EQ(counted(figures_.refused), "session_dropped=1");
    const auto claim = sessions.claim("0", Sessions::Start::resume, nobody);
    EXPECT_EQ(claim.present, Sessions::Present::no) << "it would have been the first to expire";
    sessions.release(claim.session);
    its_time.run_for(1'000s);
    EXPECT_EQ(sessions.away(), 0u);
}

TEST_F(MqttSessions, LargeSessionsOfClientsThatAreAwayAreBoundedByTheirBytes) {
    testing::Simulation its_time;
    Sessions sessions(its_time.loop(), figures_);
    auto ends = testing::make_pipe(simulation_.loop(), 0ns, traffic_, traffic_);
    Listener listener({simulation_.loop(), ingest_, limits_, figures_});
    Connection nobody(listener, std::move(ends.server), {});
    for (int i = 0; i < 2'000; ++i) {
        Session& session = sessions.claim(std::to_string(i), Sessions::Start::resume, nobody).session;
        session.expiry_seconds = 60;
        session.received.resize(4'096);
        sessions.release(session);
    }
    EXPECT_LE(sessions.away(), Sessions::most_away_bytes / (4'096 * sizeof(Session::Received)));
    EXPECT_GE(sessions.away(), 1'000u);
}

TEST_F(MqttSessions, IsSmall) {
    EXPECT_LE(sizeof(Connection), 416u);
    EXPECT_LE(sizeof(Session), 80u);
}

}  // namespace
}  // namespace portillon::server::listeners::mqtt
