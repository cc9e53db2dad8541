#include "drivers/mqtt/receiver.h"

#include <gmock/gmock.h>

#include "drivers/mqtt/harness.h"

namespace portillon::drivers::mqtt {
namespace {

using ::testing::ElementsAre;
using testing::hex;
using ::testing::IsEmpty;

constexpr const char* receiving_qos_2 = R"({"version": 5, "qos": 2})";
constexpr const char* receiving_qos_0 = R"({"version": "3.1.1", "qos": 0})";

// Their SUBACKs for one filter.
constexpr const char* suback_5 = "90 04 0001 00 01";
constexpr const char* suback_5_qos_2 = "90 04 0001 00 02";
constexpr const char* suback_3 = "90 03 0001 01";

class Lines final : public driver::Inbox {
public:
    void received(const driver::Message& message) override {
        lines.push_back(std::string(message.topic) + " " +
                        std::string(reinterpret_cast<const char*>(message.payload.data()), message.payload.size()) +
                        (message.again ? " again" : "") + (message.retained ? " retained" : ""));
    }
    std::vector<std::string> take() { return std::exchange(lines, {}); }
    std::vector<std::string> lines;
};

class MqttReceiver : public Harness {
protected:
    void listen(const std::string& options, driver::Interest interest = {{"v/+"}}) {
        make(options);
        session_ = driver_->make_receiver(EquipmentId{1}, receipts_, inbox_, std::move(interest));
    }

    // Opens with these answers to CONNECT and SUBSCRIBE.
    void hear(const std::string& connack, const std::string& suback) {
        dial();
        peer().take();
        peer().send(connack);
        pass(2 * latency);
        peer().take();
        peer().send(suback);
        pass(latency);
        ASSERT_EQ(opened(), "none");
    }

    // What the receiver answers to this.
    std::string answer_to(const std::string& packets) {
        peer().send(packets);
        pass(2 * latency);
        return peer().take();
    }

    Lines inbox_;
};

TEST_F(MqttReceiver, OpensOnceItsSubscriptionIsGranted) {
    struct Row {
        std::string options;
        driver::Interest interest;
        std::string connect, connack, subscribe, suback;
    };
    using Stay = driver::Interest::Stay;
    const std::vector<Row> rows{
        {five,
         {{"v/+"}},
         "10 25 0004 'MQTT' 05 02 003c 0a 27 00400000 11 00000258 000e 'p00000000007e1'",
         connack_5,
         "82 09 0001 00 0003 'v/+' 21",
         suback_5},
        {receiving_qos_2,
         {{"v/+"}, Stay::while_connected},
         "10 20 0004 'MQTT' 05 02 003c 05 27 00400000 000e 'p00000000007e1'",
         connack_5,
         "82 09 0001 00 0003 'v/+' 22",
         suback_5_qos_2},
        {three,
         {{"v/+", "$share/g/a"}},
         "10 1a 0004 'MQTT' 04 00 003c 000e 'p00000000007e1'",
         connack_3,
         "82 15 0001 0003 'v/+' 01 000a '$share/g/a' 01",
         "90 04 0001 01 01"},
        {receiving_qos_0,
         {{"v/+"}, Stay::while_connected},
         "10 1a 0004 'MQTT' 04 02 003c 000e 'p00000000007e1'",
         connack_3,
         "82 08 0001 0003 'v/+' 00",
         "90 03 0001 00"},
    };
    for (const Row& row : rows) {
        listen(row.options, row.interest);
        dial();
        EXPECT_EQ(peer().take(), hex(row.connect)) << row.options;
        EXPECT_EQ(answer_to(row.connack), hex(row.subscribe)) << row.options;
        EXPECT_EQ(opened(), "") << row.options;
        peer().send(row.suback);
        pass(latency);
        EXPECT_EQ(opened(), "none") << row.options;
    }
}

TEST_F(MqttReceiver, SaysWhichSubscriptionIsRefused) {
    struct Row {
        std::string options, connack, suback, cause, words;
    };
    const std::vector<Row> rows{
        {five, connack_5, "90 04 0001 00 87", "mqtt_subscription_refused", "v/+: refused with reason 0x87"},
        {receiving_qos_2, connack_5, suback_5, "mqtt_subscription_refused", "v/+: granted QoS 1 only"},
        {three, connack_3, "90 03 0001 80", "mqtt_subscription_refused", "v/+: refused with reason 0x80"},
    };
    for (const Row& row : rows) {
        listen(row.options);
        dial();
        answer_to(row.connack);
        peer().send(row.suback);
        pass(latency);
        EXPECT_EQ(opened(), row.cause) << row.options;
        EXPECT_THAT(receipts_.take(), ElementsAre("said " + row.cause + " " + row.words)) << row.options;
    }
}

TEST_F(MqttReceiver, RefusesAnAnswerToASubscriptionThatItDidNotMake) {
    for (const char* suback : {"90 04 0002 00 01", "90 05 0001 00 01 01"}) {
        listen(five);
        dial();
        answer_to(connack_5);
        EXPECT_EQ(answer_to(suback), hex("e0 01 82")) << suback;
        EXPECT_EQ(opened(), "protocol_error") << suback;
    }
    listen(five);
    hear(connack_5, suback_5);
    EXPECT_EQ(answer_to(suback_5), hex("e0 01 82"));
    EXPECT_THAT(receipts_.take(), ElementsAre("broken protocol_error"));
}

TEST_F(MqttReceiver, HandsOnWhatComesAndAcknowledgesIt) {
    listen(five);
    hear(connack_5, suback_5);
    EXPECT_EQ(answer_to("30 07 0003 'v/1' 00 'a'"
                        "32 09 0003 'v/2' 0007 00 'b'"
                        "3a 09 0003 'v/2' 0008 00 'c'"
                        "31 07 0003 'v/3' 00 'd'"),
              hex("40 02 0007 40 02 0008"));
    EXPECT_THAT(inbox_.take(), ElementsAre("v/1 a", "v/2 b", "v/2 c again", "v/3 d retained"));
}

TEST_F(MqttReceiver, AtQos2HandsOnOnceWhatComesTwice) {
    listen(receiving_qos_2);
    hear(connack_5, suback_5_qos_2);
    EXPECT_EQ(answer_to("34 09 0003 'v/1' 0007 00 'a'"), hex("50 02 0007"));
    EXPECT_EQ(answer_to("3c 09 0003 'v/1' 0007 00 'a'"), hex("50 02 0007"));
    EXPECT_THAT(inbox_.take(), ElementsAre("v/1 a"));

    // The next connection resumes: what was not released is still known, and no subscription is made again.
    peer().transport().reset();
    pass(latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("broken reset"));
    dial();
    EXPECT_EQ(peer().take(), hex("10 25 0004 'MQTT' 05 00 003c 0a 27 00400000 11 00000258 000e 'p00000000007e1'"));
    EXPECT_EQ(answer_to("20 03 01 00 00"), "");
    EXPECT_EQ(opened(), "none");
    EXPECT_EQ(answer_to("3c 09 0003 'v/1' 0007 00 'a'"), hex("50 02 0007"));
    EXPECT_THAT(inbox_.take(), IsEmpty());
    EXPECT_EQ(answer_to("62 02 0007"), hex("70 02 0007"));

    // Once released, the identifier stands for a new message.
    EXPECT_EQ(answer_to("34 09 0003 'v/1' 0007 00 'b'"), hex("50 02 0007"));
    EXPECT_THAT(inbox_.take(), ElementsAre("v/1 b"));
}

TEST_F(MqttReceiver, SubscribesAgainWhenTheServerHasForgottenTheSession) {
    listen(receiving_qos_2);
    hear(connack_5, suback_5_qos_2);
    answer_to("34 09 0003 'v/1' 0007 00 'a'");
    peer().transport().reset();
    pass(latency);
    hear(connack_5, suback_5_qos_2);
    EXPECT_EQ(answer_to("34 09 0003 'v/1' 0007 00 'b'"), hex("50 02 0007"));
    EXPECT_THAT(inbox_.take(), ElementsAre("v/1 a", "v/1 b"));
}

// The server may have kept the session of a connection that ended before its subscription was granted.
TEST_F(MqttReceiver, SubscribesAgainWhatWasNeverGranted) {
    for (const char* answer : {"", "90 04 0001 00 87"}) {
        listen(five);
        dial();
        answer_to(connack_5);
        peer().send(answer);
        peer().transport().reset();
        pass(2 * latency);
        EXPECT_NE(opened(), "none");
        dial();
        peer().take();
        EXPECT_EQ(answer_to("20 03 01 00 00"), hex("82 09 0001 00 0003 'v/+' 21"));
        EXPECT_EQ(opened(), "");
        peer().send(suback_5);
        pass(latency);
        EXPECT_EQ(opened(), "none");
    }
}

TEST_F(MqttReceiver, TakesMessagesThatArriveBeforeItIsOpen) {
    listen(three);
    dial();
    answer_to(connack_3);
    EXPECT_EQ(answer_to(std::string("32 08 0003 'v/1' 0001 'a'") + suback_3), hex("40 02 0001"));
    EXPECT_EQ(opened(), "none");
    EXPECT_THAT(inbox_.take(), ElementsAre("v/1 a"));
}

TEST_F(MqttReceiver, EndsItsSessionOnTheServer) {
    listen(five);
    hear(connack_5, suback_5);
    EXPECT_TRUE(session_->is_kept());
    close(now() + 1s);
    pass(2 * latency);
    EXPECT_EQ(peer().take(), hex("e0 07 00 05 11 00000000"));
    peer().transport().shut();
    pass(latency);
    EXPECT_TRUE(closed_);
    EXPECT_FALSE(session_->is_kept());

    // 3.1.1 needs a connection of its own for it.
    closed_ = false;
    listen(three);
    hear(connack_3, suback_3);
    close(now() + 1s);
    pass(2 * latency);
    EXPECT_EQ(peer().take(), hex("e0 00"));
    peer().transport().shut();
    pass(latency);
    EXPECT_TRUE(session_->is_kept());
    forget(now() + 1s);
    pass(2 * latency);
    EXPECT_EQ(peer().take(), hex("10 1a 0004 'MQTT' 04 02 003c 000e 'p00000000007e1'"));
    EXPECT_EQ(answer_to(connack_3), hex("e0 00"));
    peer().transport().shut();
    pass(latency);
    EXPECT_EQ(forgot(), "none");
    EXPECT_FALSE(session_->is_kept());
}

TEST_F(MqttReceiver, PingsASilentServerAndLeavesADeadOne) {
    listen(R"({"version": 5, "keepalive": "20s"})");
    hear(connack_5, suback_5);
    pass(15s);
    EXPECT_EQ(peer().take(), hex("c0 00"));
    pass(15s + latency);
    EXPECT_THAT(receipts_.take(), ElementsAre("broken mqtt_no_pingresp"));
}

TEST_F(MqttReceiver, TakesAMessageOfMoreThanAnAnswersSize) {
    listen(five);
    hear(connack_5, suback_5);
    const std::size_t payload = 100'000;
    std::string packet = "30 a6 8d 06 0003 'v/1' 00";  // remaining length 100,006
    peer().send(packet);
    peer().transport().write(std::vector<std::byte>(payload, std::byte{'x'}));
    pass(latency);
    EXPECT_THAT(inbox_.take(), ElementsAre("v/1 " + std::string(payload, 'x')));
}

}  // namespace
}  // namespace portillon::drivers::mqtt
