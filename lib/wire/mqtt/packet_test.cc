#include "wire/mqtt/packet.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace portillon::wire::mqtt {
namespace {

// "10 02 'MQTT' 00": bytes in hexadecimal, texts in quotes. Kept until the end, because parsed packets are views.
std::string_view octets(std::string_view notation) {
    static std::deque<std::string> kept;
    std::string& bytes = kept.emplace_back();
    for (std::size_t i = 0; i < notation.size(); ++i) {
        if (notation[i] == '\'') {
            const std::size_t last = notation.find('\'', i + 1);
            bytes += notation.substr(i + 1, last - i - 1);
            i = last;
        } else if (notation[i] != ' ') {
            bytes.push_back(static_cast<char>(std::stoi(std::string(notation.substr(i, 2)), nullptr, 16)));
            ++i;
        }
    }
    return bytes;
}

Frame frame_of(std::string_view packet) {
    Framer framer;
    framer.feed(bytes_of(packet));
    const auto frame = framer.next();
    EXPECT_TRUE(frame.has_value()) << testing::PrintToString(packet);
    EXPECT_FALSE(framer.next().has_value());
    return frame.value_or(Frame{0xC0, {}});
}

template <class Packet, class... Versions>
std::string encoded(const Packet& packet, Versions... version) {
    std::string bytes(encoded_size(packet, version...), '\0');
    EXPECT_EQ(encode(packet, version..., std::as_writable_bytes(std::span(bytes))), bytes.size());
    return bytes;
}

std::string encoded(const Publish& packet, Version version) {
    const std::size_t head = publish_head_size(packet, version, packet.payload.size());
    std::string bytes(head, '\0');
    EXPECT_EQ(encode_publish_head(packet, version, packet.payload.size(), std::as_writable_bytes(std::span(bytes))),
              head);
    return bytes + text_of(packet.payload);
}

// 3.1.1, figure 3.6: user name, password, will of QoS 1, clean session, keep alive 10.
const std::string_view connect_3 =
    octets("10 24 00 04 'MQTT' 04 CE 00 0A 00 02 'id' 00 04 'will' 00 03 'bye' 00 04 'user' 00 03 'pwd'");

TEST(Connect, IsReadAndWrittenAsIn311) {
    Connect connect;
    // 0xCE: user name, password, will QoS 1, will, clean session
    const std::string_view bytes = connect_3;
    ASSERT_FALSE(parse(frame_of(bytes), connect));
    EXPECT_EQ(connect.version, Version::v3_1_1);
    EXPECT_TRUE(connect.clean_start);
    EXPECT_EQ(connect.keep_alive_seconds, 10);
    EXPECT_EQ(connect.client_id, "id");
    ASSERT_TRUE(connect.will);
    EXPECT_EQ(connect.will->topic, "will");
    EXPECT_EQ(connect.will->qos, Qos::at_least_once);
    EXPECT_FALSE(connect.will->retain);
    EXPECT_EQ(text_of(connect.will->payload), "bye");
    EXPECT_EQ(connect.user_name, "user");
    EXPECT_EQ(text_of(connect.password.value()), "pwd");
    EXPECT_EQ(encoded(connect), bytes);
}

// 5.0, figure 3-6 (variable header) with session expiry interval 10.
TEST(Connect, IsReadAndWrittenAsIn5) {
    const std::string_view bytes = octets("10 12 00 04 'MQTT' 05 02 00 0A 05 11 00 00 00 0A 00 00");
    Connect connect;
    ASSERT_FALSE(parse(frame_of(bytes), connect));
    EXPECT_EQ(connect.version, Version::v5);
    EXPECT_EQ(connect.client_id, "");
    EXPECT_FALSE(connect.will || connect.user_name || connect.password);
    EXPECT_EQ(connect.properties.number(PropertyId::session_expiry_interval), 10U);
    EXPECT_EQ(encoded(connect), bytes);
}

TEST(Connect, HoldsAWillWithProperties) {
    PropertyList list;
    list.add(PropertyId::will_delay_interval, 7);
    Connect connect;
    connect.client_id = "x";
    connect.clean_start = false;
    connect.will = Will{"t", bytes_of("p"), Qos::exactly_once, true, list.view()};
    connect.password = bytes_of("only");  // version 5 allows it without a user name
    const std::string bytes = encoded(connect);
    EXPECT_EQ(bytes,
              octets("10 20 00 04 'MQTT' 05 74 00 00 00 00 01 'x' 05 18 00 00 00 07 00 01 't' 00 01 'p' 00 04 'only'"));
    Connect read;
    ASSERT_FALSE(parse(frame_of(bytes), read));
    EXPECT_EQ(read.will->properties.number(PropertyId::will_delay_interval), 7U);
    EXPECT_TRUE(read.will->retain);
    EXPECT_EQ(encoded(read), bytes);
}

struct Refused {
    std::string_view notation;
    Reason reason;
};

TEST(Connect, IsRefusedForTheReasonToAnswer) {
    const Refused rows[] = {
        {"11 0C 00 04 'MQTT' 04 02 00 0A 00 00", Reason::malformed_packet},     // flags
        {"11 0D 00 04 'MQTT' 05 02 00 0A 00 00 00", Reason::malformed_packet},  // flags
        {"10 0C 00 04 'MQTT' 03 02 00 0A 00 00", Reason::unsupported_protocol_version},
        {"10 0E 00 06 'MQIsdp' 03 02 00 0A 00 00", Reason::unsupported_protocol_version},
        {"10 0C 00 04 'MQTT' 06 02 00 0A 00 00", Reason::unsupported_protocol_version},
        {"10 0C 00 04 'mqtt' 04 02 00 0A 00 00", Reason::unsupported_protocol_version},
        {"10 0C 00 04 'MQTT' 04 03 00 0A 00 00", Reason::malformed_packet},  // reserved
        {"10 0C 00 04 'MQTT' 04 0A 00 0A 00 00", Reason::malformed_packet},  // will QoS without will
        {"10 0C 00 04 'MQTT' 04 22 00 0A 00 00", Reason::malformed_packet},  // will retain without will
        {"10 12 00 04 'MQTT' 04 1E 00 0A 00 00 00 01 't' 00 00 00", Reason::malformed_packet},  // will QoS 3
        {"10 0F 00 04 'MQTT' 04 42 00 0A 00 00 00 01 'p'", Reason::malformed_packet},           // password alone
        {"10 0C 00 04 'MQTT' 04 00 00 0A 00 00", Reason::client_identifier_not_valid},
        {"10 0D 00 04 'MQTT' 04 02 00 0A 00 00 00", Reason::malformed_packet},  // bytes follow
        {"10 0B 00 04 'MQTT' 04 02 00 0A 00", Reason::malformed_packet},
        {"10 0E 00 04 'MQTT' 04 02 00 0A 00 02 C3 28", Reason::malformed_packet},  // not UTF-8
        {"10 11 00 04 'MQTT' 04 06 00 0A 00 00 00 01 '#' 00 00", Reason::topic_name_invalid},
        {"10 0C 00 04 'MQTT' 05 02 00 0A 00 00", Reason::malformed_packet},  // no client identifier
        {"10 00", Reason::malformed_packet},
    };
    for (const Refused& row : rows) {
        Connect connect;
        EXPECT_EQ(parse(frame_of(octets(row.notation)), connect).reason, row.reason) << row.notation;
    }
}

TEST(Connect, SaysInWhichVersionToRefuse) {
    Connect connect;
    ASSERT_TRUE(parse(frame_of(octets("10 0C 00 04 'MQTT' 06 02 00 0A 00 00")), connect));
    EXPECT_EQ(connect.version, Version::v5);
    ASSERT_TRUE(parse(frame_of(octets("10 0E 00 06 'MQIsdp' 03 02 00 0A 00 00")), connect));
    EXPECT_EQ(connect.version, Version::v3_1_1);
    ASSERT_TRUE(parse(frame_of(octets("11 0D 00 04 'MQTT' 05 02 00 0A 00 00 00")), connect));
    EXPECT_EQ(connect.version, Version::v5);
    for (const char* notation : {"11 0C 00 04 'MQTT' 04 02 00 0A 00 00", "10 06 00 04 'MQTT'", "10 00"}) {
        ASSERT_TRUE(parse(frame_of(octets(notation)), connect));
        EXPECT_EQ(connect.version, Version::v3_1_1) << notation;
    }
}

TEST(Connack, TranslatesReturnCodesOf311) {
    const std::pair<const char*, Reason> rows[] = {
        {"20 02 00 00", Reason::success},
        {"20 02 00 01", Reason::unsupported_protocol_version},
        {"20 02 00 02", Reason::client_identifier_not_valid},
        {"20 02 00 03", Reason::server_unavailable},
        {"20 02 00 04", Reason::bad_user_name_or_password},
        {"20 02 00 05", Reason::not_authorized},
        {"20 02 01 00", Reason::success},
    };
    for (const auto& [notation, reason] : rows) {
        Connack connack;
        ASSERT_FALSE(parse(frame_of(octets(notation)), Version::v3_1_1, connack)) << notation;
        EXPECT_EQ(connack.reason, reason);
        EXPECT_EQ(encoded(connack, Version::v3_1_1), octets(notation));
    }
    EXPECT_EQ(encoded(Connack{false, Reason::server_busy, {}}, Version::v3_1_1), octets("20 02 00 03"));
}

TEST(Connack, IsReadAndWrittenIn5) {
    const std::string_view bytes = octets("20 06 01 00 03 21 00 0A");
    Connack connack;
    ASSERT_FALSE(parse(frame_of(bytes), Version::v5, connack));
    EXPECT_TRUE(connack.session_present);
    EXPECT_EQ(connack.properties.number(PropertyId::receive_maximum), 10U);
    EXPECT_EQ(encoded(connack, Version::v5), bytes);
}

TEST(Connack, IsUnderstoodFromAServerThatKnowsOnly311) {
    Connack connack;
    ASSERT_FALSE(parse(frame_of(octets("20 02 00 01")), Version::v5, connack));
    EXPECT_EQ(connack.reason, Reason::unsupported_protocol_version);
}

TEST(Connack, IsRefusedWhenMalformed) {
    for (const char* notation :
         {"20 02 02 00", "20 02 01 05", "20 02 00 06", "20 01 00", "20 03 00 00 00", "21 02 00 00"}) {
        Connack connack;
        EXPECT_EQ(parse(frame_of(octets(notation)), Version::v3_1_1, connack).reason, Reason::malformed_packet)
            << notation;
    }
    Connack connack;
    EXPECT_TRUE(parse(frame_of(octets("20 02 00 00")), Version::v5, connack));
    EXPECT_TRUE(parse(frame_of(octets("20 03 01 80 00")), Version::v5, connack));
}

TEST(Publish, IsReadAndWritten) {
    struct PacketRow {
        std::string_view notation;
        Version version;
        Qos qos;
        std::uint16_t packet_id;
    };
    const PacketRow rows[] = {
        {"30 0A 00 03 'a/b' 'hello'", Version::v3_1_1, Qos::at_most_once, 0},
        {"3D 07 00 03 'a/b' 00 0A", Version::v3_1_1, Qos::exactly_once, 10},  // DUP, retain, no payload (figure 3.11)
        {"32 0D 00 03 'a/b' FF FF 00 'hello'", Version::v5, Qos::at_least_once, 65'535},
        {"30 0E 00 03 'a/b' 03 23 00 05 'hello'", Version::v5, Qos::at_most_once, 0},
        {"30 0B 00 00 03 23 00 05 'hello'", Version::v5, Qos::at_most_once, 0},  // only the alias
    };
    for (const PacketRow& row : rows) {
        const std::string_view bytes = octets(row.notation);
        Publish publish;
        ASSERT_FALSE(parse(frame_of(bytes), row.version, publish)) << row.notation;
        EXPECT_EQ(publish.qos, row.qos);
        EXPECT_EQ(publish.packet_id, row.packet_id);
        EXPECT_EQ(encoded(publish, row.version), bytes) << row.notation;
    }
}

TEST(Publish, HasAHeadThatKnowsItsPayloadsSize) {
    Publish publish;
    publish.topic = "t";
    publish.qos = Qos::at_least_once;
    publish.packet_id = 1;
    for (const std::size_t payload : {0, 120, 121, 122, 123, 16'377, 16'378, 16'379, 2'000'000, 2'100'000}) {
        std::vector<std::byte> bytes(publish_head_size(publish, Version::v5, payload) + payload, std::byte{'p'});
        encode_publish_head(publish, Version::v5, payload, bytes);
        Framer framer;
        framer.feed(bytes);
        const auto frame = framer.next();
        ASSERT_TRUE(frame) << payload;
        Publish read;
        ASSERT_FALSE(parse(*frame, Version::v5, read));
        EXPECT_EQ(read.payload.size(), payload);
        EXPECT_FALSE(read.duplicate);
        mark_duplicate(bytes);
        framer.feed({});
        Framer again;
        again.feed(bytes);
        ASSERT_FALSE(parse(*again.next(), Version::v5, read));
        EXPECT_TRUE(read.duplicate);
    }
}

TEST(Publish, IsRefusedWhenMalformed) {
    const Refused rows[] = {
        {"36 05 00 01 't' 00 01", Reason::malformed_packet},  // QoS 3
        {"38 03 00 01 't'", Reason::malformed_packet},        // DUP at QoS 0
        {"32 05 00 01 't' 00 00", Reason::protocol_error},    // packet identifier 0
        {"30 03 00 01 '+'", Reason::topic_name_invalid},
        {"30 05 00 03 'a/#'", Reason::topic_name_invalid},
        {"30 03 00 01 00", Reason::malformed_packet},  // U+0000
        {"30 02 00 00", Reason::protocol_error},       // no topic
        {"30 02 00 01", Reason::malformed_packet},
        {"32 03 00 01 't'", Reason::malformed_packet},
    };
    for (const Refused& row : rows) {
        Publish publish;
        EXPECT_EQ(parse(frame_of(octets(row.notation)), Version::v3_1_1, publish).reason, row.reason) << row.notation;
    }
    Publish publish;
    EXPECT_EQ(parse(frame_of(octets("30 03 00 00 00")), Version::v5, publish).reason, Reason::protocol_error);
    EXPECT_EQ(parse(frame_of(octets("30 04 00 01 't' 05")), Version::v5, publish).reason, Reason::malformed_packet);
}

TEST(Acknowledgement, IsReadAndWritten) {
    struct PacketRow {
        std::string_view notation;
        Version version;
        PacketType type;
        Reason reason;
    };
    const PacketRow rows[] = {
        {"40 02 12 34", Version::v3_1_1, PacketType::puback, Reason::success},
        {"50 02 12 34", Version::v3_1_1, PacketType::pubrec, Reason::success},
        {"62 02 12 34", Version::v5, PacketType::pubrel, Reason::success},
        {"70 02 12 34", Version::v5, PacketType::pubcomp, Reason::success},
        {"40 03 12 34 10", Version::v5, PacketType::puback, Reason::no_matching_subscribers},
        {"40 08 12 34 97 04 1F 00 01 'x'", Version::v5, PacketType::puback, Reason::quota_exceeded},
    };
    for (const PacketRow& row : rows) {
        Acknowledgement packet;
        ASSERT_FALSE(parse(frame_of(octets(row.notation)), row.version, packet)) << row.notation;
        EXPECT_EQ(packet.type, row.type);
        EXPECT_EQ(packet.packet_id, 0x1234);
        EXPECT_EQ(packet.reason, row.reason);
        EXPECT_EQ(encoded(packet, row.version), octets(row.notation));
    }
    Acknowledgement packet;
    EXPECT_FALSE(parse(frame_of(octets("40 04 12 34 00 00")), Version::v5, packet));  // defaults, written out
    for (const char* notation : {"40 02 00 00", "40 01 12", "42 02 12 34", "60 02 12 34", "40 04 12 34 00 01"}) {
        EXPECT_TRUE(parse(frame_of(octets(notation)), Version::v5, packet)) << notation;
    }
    EXPECT_TRUE(parse(frame_of(octets("40 03 12 34 00")), Version::v3_1_1, packet));
}

TEST(Subscribe, IsReadAndWritten) {
    // 3.1.1, figure 3.23, and 5.0, figure 3-21: a/b at QoS 1, c/d at QoS 2.
    const std::pair<const char*, Version> rows[] = {
        {"82 0E 00 0A 00 03 'a/b' 01 00 03 'c/d' 02", Version::v3_1_1},
        {"82 0F 00 0A 00 00 03 'a/b' 01 00 03 'c/d' 02", Version::v5},
        {"82 11 00 0A 02 0B 01 00 03 'a/b' 2D 00 03 'c/d' 02", Version::v5},
        {"A2 0C 00 0A 00 03 'a/b' 00 03 'c/d'", Version::v3_1_1},
        {"A2 0D 00 0A 00 00 03 'a/b' 00 03 'c/d'", Version::v5},
    };
    Subscribe packet;
    for (const auto& [notation, version] : rows) {
        ASSERT_FALSE(parse(frame_of(octets(notation)), version, packet)) << notation;
        EXPECT_EQ(packet.packet_id, 10);
        ASSERT_EQ(packet.subscriptions.size(), 2U);
        EXPECT_EQ(packet.subscriptions[1].filter, "c/d");
        EXPECT_EQ(encoded(packet, version), octets(notation)) << notation;
    }
}

TEST(Subscribe, IsRefusedWhenMalformed) {
    const Refused rows[] = {
        {"80 08 00 0A 00 03 'a/b' 01", Reason::malformed_packet},  // flags
        {"82 02 00 0A", Reason::protocol_error},                   // no filter
        {"82 08 00 00 00 03 'a/b' 01", Reason::protocol_error},    // packet identifier 0
        {"82 08 00 0A 00 03 'a/b' 03", Reason::malformed_packet},  // QoS 3
        {"82 08 00 0A 00 03 'a/b' 04", Reason::malformed_packet},  // reserved in 3.1.1
        {"82 07 00 0A 00 03 'a/b'", Reason::malformed_packet},     // no options
        {"82 08 00 0A 00 03 'a#b' 01", Reason::topic_filter_invalid},
        {"82 05 00 0A 00 00 01", Reason::topic_filter_invalid},
    };
    Subscribe packet;
    for (const Refused& row : rows) {
        EXPECT_EQ(parse(frame_of(octets(row.notation)), Version::v3_1_1, packet).reason, row.reason) << row.notation;
    }
    EXPECT_EQ(parse(frame_of(octets("82 09 00 0A 00 00 03 'a/b' 30")), Version::v5, packet).reason,
              Reason::protocol_error);
    EXPECT_EQ(parse(frame_of(octets("82 10 00 0A 00 00 0A '$share/g/t' 04")), Version::v5, packet).reason,
              Reason::protocol_error);
}

TEST(Suback, IsReadAndWritten) {
    const std::pair<const char*, Version> rows[] = {
        {"90 05 00 0A 00 02 80", Version::v3_1_1},
        {"90 06 00 0A 00 00 02 83", Version::v5},
        {"B0 02 00 0A", Version::v3_1_1},
        {"B0 05 00 0A 00 11 00", Version::v5},
    };
    for (const auto& [notation, version] : rows) {
        Suback packet;
        const std::string_view bytes = octets(notation);
        ASSERT_FALSE(parse(frame_of(bytes), version, packet)) << notation;
        EXPECT_EQ(packet.packet_id, 10);
        EXPECT_EQ(encoded(packet, version), bytes);
    }
    Suback packet;
    EXPECT_TRUE(parse(frame_of(octets("90 02 00 0A")), Version::v3_1_1, packet));
    EXPECT_TRUE(parse(frame_of(octets("90 03 00 0A 83")), Version::v3_1_1, packet));
    EXPECT_TRUE(parse(frame_of(octets("B0 03 00 0A 00")), Version::v3_1_1, packet));
}

TEST(Disconnect, LeavesOutWhatSaysNothing) {
    const std::pair<const char*, Version> rows[] = {
        {"E0 00", Version::v3_1_1},
        {"E0 00", Version::v5},
        {"E0 01 04", Version::v5},
        {"E0 07 98 05 11 00 00 00 00", Version::v5},
    };
    for (const auto& [notation, version] : rows) {
        Disconnect packet;
        ASSERT_FALSE(parse(frame_of(octets(notation)), version, Sender::client, packet)) << notation;
        EXPECT_EQ(encoded(packet, version), octets(notation));
    }
    Disconnect packet;
    EXPECT_TRUE(parse(frame_of(octets("E0 01 00")), Version::v3_1_1, Sender::client, packet));
    EXPECT_TRUE(parse(frame_of(octets("E1 00")), Version::v5, Sender::client, packet));
}

TEST(Auth, BelongsToVersion5) {
    const std::string_view bytes = octets("F0 08 18 06 15 00 03 'abc'");
    Auth packet;
    ASSERT_FALSE(parse(frame_of(bytes), Version::v5, Sender::server, packet));
    EXPECT_EQ(packet.reason, Reason::continue_authentication);
    EXPECT_EQ(encoded(packet), bytes);
    EXPECT_EQ(parse(frame_of(bytes), Version::v3_1_1, Sender::server, packet).reason, Reason::malformed_packet);
}

TEST(Ping, IsEmpty) {
    EXPECT_EQ(text_of(pingreq), octets("C0 00"));
    EXPECT_EQ(text_of(pingresp), octets("D0 00"));
    EXPECT_FALSE(parse_ping(frame_of(octets("C0 00"))));
    EXPECT_FALSE(parse_ping(frame_of(octets("D0 00"))));
    EXPECT_TRUE(parse_ping(frame_of(octets("C0 01 00"))));
    EXPECT_TRUE(parse_ping(frame_of(octets("C1 00"))));
}

}  // namespace
}  // namespace portillon::wire::mqtt
