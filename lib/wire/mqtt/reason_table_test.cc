// Every number that an enumerated field can hold, in every packet, against the tables of the specification (MQTT 5.0
// and 3.1.1), which are written out here once more.

#include "wire/mqtt/reason_table.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "wire/mqtt/packet.h"

namespace portillon::wire::mqtt {
namespace {

// A packet whose body is `body`; both may hold any byte.
struct Raw {
    Raw(unsigned first_byte, std::vector<unsigned> body) : first(static_cast<std::uint8_t>(first_byte)) {
        for (const unsigned byte : body) {
            bytes.push_back(static_cast<std::byte>(byte));
        }
    }
    Frame frame() const { return {first, bytes}; }
    std::uint8_t first;
    std::vector<std::byte> bytes;
};

template <class Packet, class... More>
Reason parsed(const Raw& raw, Packet& packet, More... more) {
    return parse(raw.frame(), more..., packet).reason;
}

struct Table {
    const char* section;
    PacketType packet;
    Sender sender;
    std::set<unsigned> listed;
};

// The tables of 5.0, with their column "Sent by".
const Table tables[] = {
    {"3.2.2.2", PacketType::connack, Sender::server, {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86,
                                                      0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97,
                                                      0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F}},
    {"3.4.2.1", PacketType::puback, Sender::client, {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}},
    {"3.4.2.1", PacketType::puback, Sender::server, {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}},
    {"3.5.2.1", PacketType::pubrec, Sender::client, {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}},
    {"3.5.2.1", PacketType::pubrec, Sender::server, {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}},
    {"3.6.2.1", PacketType::pubrel, Sender::client, {0x00, 0x92}},
    {"3.6.2.1", PacketType::pubrel, Sender::server, {0x00, 0x92}},
    {"3.7.2.1", PacketType::pubcomp, Sender::client, {0x00, 0x92}},
    {"3.7.2.1", PacketType::pubcomp, Sender::server, {0x00, 0x92}},
    {"3.9.3",
     PacketType::suback,
     Sender::server,
     {0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2}},
    {"3.11.3", PacketType::unsuback, Sender::server, {0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91}},
    {"3.14.2.1",
     PacketType::disconnect,
     Sender::client,
     {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99}},
    {"3.14.2.1", PacketType::disconnect, Sender::server, {0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E,
                                                          0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
                                                          0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2}},
    {"3.15.2.1", PacketType::auth, Sender::client, {0x18, 0x19}},
    {"3.15.2.1", PacketType::auth, Sender::server, {0x00, 0x18}},
};

// Parses the packet that carries `reason`, as its receiver does.
Reason read(const Table& table, unsigned reason) {
    const unsigned first = static_cast<unsigned>(table.packet) << 4 | (table.packet == PacketType::pubrel ? 2U : 0U);
    switch (table.packet) {
        case PacketType::connack: {
            Connack packet;
            return parsed(Raw(first, {0, reason, 0}), packet, Version::v5);
        }
        case PacketType::suback:
        case PacketType::unsuback: {
            Suback packet;
            return parsed(Raw(first, {0, 1, 0, 0x00, reason}), packet, Version::v5);
        }
        case PacketType::disconnect: {
            Disconnect packet;
            return parsed(Raw(first, {reason}), packet, Version::v5, table.sender);
        }
        case PacketType::auth: {
            Auth packet;
            return parsed(Raw(first, {reason}), packet, Version::v5, table.sender);
        }
        default: {
            Acknowledgement packet;
            return parsed(Raw(first, {0, 1, reason}), packet, Version::v5);
        }
    }
}

TEST(ReasonTable, ListsWhatTheSpecificationDoesAndParsingRefusesTheRest) {
    for (const Table& table : tables) {
        for (unsigned reason = 0; reason < 256; ++reason) {
            const bool listed = table.listed.contains(reason);
            EXPECT_EQ(is_listed(static_cast<Reason>(reason), table.packet, table.sender), listed)
                << table.section << " " << std::hex << reason;
            // 0x00 is in both tables of SUBACK and UNSUBACK, so the result is about the reason that follows it.
            EXPECT_EQ(read(table, reason), listed ? Reason::success : Reason::protocol_error)
                << table.section << " " << std::hex << reason;
        }
    }
}

TEST(ReasonTable, HoldsForReasonsThatAreLeftOutAndThoseWithProperties) {
    Disconnect disconnect;
    EXPECT_EQ(parsed(Raw(0xE0, {}), disconnect, Version::v5, Sender::client), Reason::success);
    EXPECT_EQ(parsed(Raw(0xE0, {}), disconnect, Version::v5, Sender::server), Reason::protocol_error);
    EXPECT_EQ(parsed(Raw(0xE0, {}), disconnect, Version::v3_1_1, Sender::client), Reason::success);
    Auth auth;
    EXPECT_EQ(parsed(Raw(0xF0, {}), auth, Version::v5, Sender::client), Reason::protocol_error);
    EXPECT_EQ(parsed(Raw(0xF0, {}), auth, Version::v5, Sender::server), Reason::success);
    Acknowledgement packet;
    EXPECT_EQ(parsed(Raw(0x40, {0, 1}), packet, Version::v5), Reason::success);
    EXPECT_EQ(parsed(Raw(0x40, {0, 1, 0x88, 4, 0x1F, 0, 1, 'x'}), packet, Version::v5), Reason::protocol_error);
    EXPECT_EQ(parsed(Raw(0x40, {0, 1, 0x87, 4, 0x1F, 0, 1, 'x'}), packet, Version::v5), Reason::success);
}

TEST(ReasonTable, HasForEveryReasonSomethingThatDisconnectMaySay) {
    for (unsigned reason = 0; reason < 256; ++reason) {
        for (const Sender sender : {Sender::client, Sender::server}) {
            const Reason said = for_disconnect(static_cast<Reason>(reason), sender);
            EXPECT_TRUE(is_listed(said, PacketType::disconnect, sender)) << reason;
        }
    }
    EXPECT_EQ(for_disconnect(Reason::qos_not_supported, Sender::client), Reason::protocol_error);
    EXPECT_EQ(for_disconnect(Reason::qos_not_supported, Sender::server), Reason::qos_not_supported);
}

// 3.1.1, table 3.1 and 3.9.3.
TEST(ReasonTable, ReturnCodesOf311) {
    for (unsigned code = 0; code < 256; ++code) {
        Connack connack;
        EXPECT_EQ(parsed(Raw(0x20, {0, code}), connack, Version::v3_1_1),
                  code <= 5 ? Reason::success : Reason::malformed_packet)
            << code;
        // A server of 3.1.1 may refuse a client of version 5 in its own form, but not accept it.
        EXPECT_EQ(parsed(Raw(0x20, {0, code}), connack, Version::v5),
                  code >= 1 && code <= 5 ? Reason::success : Reason::malformed_packet)
            << code;
        Suback suback;
        EXPECT_EQ(parsed(Raw(0x90, {0, 1, code}), suback, Version::v3_1_1),
                  code <= 2 || code == 0x80 ? Reason::success : Reason::malformed_packet)
            << code;
    }
}

// CONNACK: all but the lowest bit are reserved (3.2.2.1), and a session can only be present where the client is
// accepted.
TEST(ReasonTable, FlagsOfConnack) {
    for (unsigned flags = 0; flags < 256; ++flags) {
        for (const Version version : {Version::v3_1_1, Version::v5}) {
            Connack packet;
            const Raw raw = version == Version::v5 ? Raw(0x20, {flags, 0, 0}) : Raw(0x20, {flags, 0});
            EXPECT_EQ(parsed(raw, packet, version), flags <= 1 ? Reason::success : Reason::malformed_packet) << flags;
        }
    }
}

// 2.1.3: the flags of the fixed header; in PUBLISH they are DUP, QoS and RETAIN.
TEST(ReasonTable, FlagsOfTheFixedHeader) {
    for (unsigned flags = 0; flags < 16; ++flags) {
        for (const Version version : {Version::v3_1_1, Version::v5}) {
            const bool five = version == Version::v5;
            const auto expected = [&](unsigned right) {
                return flags == right ? Reason::success : Reason::malformed_packet;
            };
            const auto id_only = [&](PacketType type) { return Raw(static_cast<unsigned>(type) << 4 | flags, {0, 1}); };
            for (const PacketType type :
                 {PacketType::puback, PacketType::pubrec, PacketType::pubrel, PacketType::pubcomp}) {
                Acknowledgement packet;
                EXPECT_EQ(parsed(id_only(type), packet, version), expected(type == PacketType::pubrel ? 2 : 0));
            }
            Connack connack;
            EXPECT_EQ(parsed(five ? Raw(0x20 | flags, {0, 0, 0}) : Raw(0x20 | flags, {0, 0}), connack, version),
                      expected(0));
            Subscribe subscribe;
            EXPECT_EQ(
                parsed(five ? Raw(0x80 | flags, {0, 1, 0, 0, 1, 'x', 0}) : Raw(0x80 | flags, {0, 1, 0, 1, 'x', 0}),
                       subscribe, version),
                expected(2));
            EXPECT_EQ(parsed(five ? Raw(0xA0 | flags, {0, 1, 0, 0, 1, 'x'}) : Raw(0xA0 | flags, {0, 1, 0, 1, 'x'}),
                             subscribe, version),
                      expected(2));
            Suback suback;
            EXPECT_EQ(parsed(five ? Raw(0x90 | flags, {0, 1, 0, 0}) : Raw(0x90 | flags, {0, 1, 0}), suback, version),
                      expected(0));
            Disconnect disconnect;
            EXPECT_EQ(parsed(Raw(0xE0 | flags, {}), disconnect, version, Sender::client), expected(0));
            for (const unsigned ping : {0xC0U, 0xD0U}) {
                EXPECT_EQ(parse_ping(Raw(ping | flags, {}).frame()).reason, expected(0));
            }
            Publish publish;
            const bool qos_0 = (flags & 0x06) == 0, qos_3 = (flags & 0x06) == 0x06, duplicate = (flags & 0x08) != 0;
            std::vector<unsigned> body{0, 1, 't'};
            if (!qos_0) {
                body.insert(body.end(), {0, 1});
            }
            if (five) {
                body.push_back(0);
            }
            EXPECT_EQ(parsed(Raw(0x30 | flags, body), publish, version),
                      qos_3 || (qos_0 && duplicate) ? Reason::malformed_packet : Reason::success)
                << flags;
        }
    }
    Connect connect;
    for (unsigned flags = 0; flags < 16; ++flags) {
        EXPECT_EQ(parsed(Raw(0x10 | flags, {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 0}), connect),
                  flags == 0 ? Reason::success : Reason::malformed_packet);
    }
}

// 3.1.2.3: the lowest bit is reserved; the will has no QoS 3; will QoS and retain need a will; in 3.1.1 a password
// needs a user name.
TEST(ReasonTable, FlagsOfConnect) {
    for (const unsigned level : {4U, 5U}) {
        for (unsigned flags = 0; flags < 256; ++flags) {
            std::vector<unsigned> body{0, 4, 'M', 'Q', 'T', 'T', level, flags, 0, 0};
            const auto add = [&](std::vector<unsigned> more) { body.insert(body.end(), more.begin(), more.end()); };
            if (level == 5) {
                add({0});
            }
            add({0, 1, 'c'});
            if ((flags & 0x04) != 0) {
                if (level == 5) {
                    add({0});
                }
                add({0, 1, 'w', 0, 0});
            }
            if ((flags & 0x80) != 0) {
                add({0, 1, 'u'});
            }
            if ((flags & 0x40) != 0) {
                add({0, 1, 'p'});
            }
            const bool reserved = (flags & 0x01) != 0, will = (flags & 0x04) != 0, qos_3 = (flags & 0x18) == 0x18;
            const bool password_alone = level == 4 && (flags & 0xC0) == 0x40;
            const bool right = !reserved && !qos_3 && (will || (flags & 0x38) == 0) && !password_alone;
            Connect packet;
            EXPECT_EQ(parsed(Raw(0x10, body), packet), right ? Reason::success : Reason::malformed_packet)
                << level << " " << flags;
        }
    }
}

// 3.1.2.2: the protocol level.
TEST(ReasonTable, ProtocolLevels) {
    for (unsigned level = 0; level < 256; ++level) {
        if (level == 5) {
            continue;  // its packet has another form
        }
        Connect packet;
        EXPECT_EQ(parsed(Raw(0x10, {0, 4, 'M', 'Q', 'T', 'T', level, 2, 0, 0, 0, 1, 'c'}), packet),
                  level == 4 ? Reason::success : Reason::unsupported_protocol_version)
            << level;
    }
}

// 3.8.3.1, and 3.1.1, 3.8.3: QoS 3 and retain handling 3 are protocol errors, reserved bits malformed; 3.1.1 has only
// QoS.
TEST(ReasonTable, SubscriptionOptions) {
    for (unsigned options = 0; options < 256; ++options) {
        Subscribe packet;
        const bool qos_3 = (options & 0x03) == 0x03;
        const bool handling_3 = (options & 0x30) == 0x30;
        const Reason five = (options & 0xC0) != 0 ? Reason::malformed_packet
                            : qos_3 || handling_3 ? Reason::protocol_error
                                                  : Reason::success;
        EXPECT_EQ(parsed(Raw(0x82, {0, 1, 0, 0, 1, 'x', options}), packet, Version::v5), five) << options;
        EXPECT_EQ(parsed(Raw(0x82, {0, 1, 0, 1, 'x', options}), packet, Version::v3_1_1),
                  options <= 2 ? Reason::success : Reason::malformed_packet)
            << options;
    }
}

// Table 2-4: which property may be in which packet, and only once except for user properties; W: the will.
TEST(ReasonTable, PropertiesOfEveryPacket) {
    struct Known {
        unsigned id;
        std::vector<unsigned> value;
        std::set<unsigned> packets;  // their types; 0: the will
        Reason twice;
    };
    const std::set<unsigned> everywhere{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15};
    const Known all[] = {
        {0x01, {1}, {3, 0}, Reason::protocol_error},
        {0x02, {0, 0, 0, 1}, {3, 0}, Reason::protocol_error},
        {0x03, {0, 1, 'x'}, {3, 0}, Reason::protocol_error},
        {0x08, {0, 1, 'x'}, {3, 0}, Reason::protocol_error},
        {0x09, {0, 1, 'x'}, {3, 0}, Reason::protocol_error},
        {0x0B, {1}, {3, 8}, Reason::protocol_error},
        {0x11, {0, 0, 0, 1}, {1, 2, 14}, Reason::protocol_error},
        {0x12, {0, 1, 'x'}, {2}, Reason::protocol_error},
        {0x13, {0, 1}, {2}, Reason::protocol_error},
        {0x15, {0, 1, 'x'}, {1, 2, 15}, Reason::protocol_error},
        {0x17, {1}, {1}, Reason::protocol_error},
        {0x18, {0, 0, 0, 1}, {0}, Reason::protocol_error},
        {0x19, {1}, {1}, Reason::protocol_error},
        {0x1A, {0, 1, 'x'}, {2}, Reason::protocol_error},
        {0x1C, {0, 1, 'x'}, {2, 14}, Reason::protocol_error},
        {0x1F, {0, 1, 'x'}, {2, 4, 5, 6, 7, 9, 11, 14, 15}, Reason::protocol_error},
        {0x21, {0, 1}, {1, 2}, Reason::protocol_error},
        {0x22, {0, 1}, {1, 2}, Reason::protocol_error},
        {0x23, {0, 1}, {3}, Reason::protocol_error},
        {0x24, {1}, {2}, Reason::protocol_error},
        {0x25, {1}, {2}, Reason::protocol_error},
        {0x26, {0, 1, 'x', 0, 1, 'y'}, everywhere, Reason::success},
        {0x27, {0, 0, 0, 1}, {1, 2}, Reason::protocol_error},
        {0x28, {1}, {2}, Reason::protocol_error},
        {0x29, {1}, {2}, Reason::protocol_error},
        {0x2A, {1}, {2}, Reason::protocol_error},
    };
    const auto reason_of = [](const std::vector<unsigned>& raw, unsigned packet) {
        std::vector<std::byte> bytes;
        for (const unsigned byte : raw) {
            bytes.push_back(static_cast<std::byte>(byte));
        }
        Properties into;
        return packet == 0 ? parse_will_properties(bytes, into).reason
                           : parse_properties(bytes, static_cast<PacketType>(packet), into).reason;
    };
    for (const unsigned packet : everywhere) {
        std::set<unsigned> ids;
        for (const Known& known : all) {
            ids.insert(known.id);
            std::vector<unsigned> raw{known.id};
            raw.insert(raw.end(), known.value.begin(), known.value.end());
            const bool allowed = known.packets.contains(packet);
            EXPECT_EQ(reason_of(raw, packet), allowed ? Reason::success : Reason::malformed_packet)
                << known.id << " in " << packet;
            if (allowed) {
                const bool many = known.id == 0x0B && packet == 3;  // 3.3.2.3.8
                raw.insert(raw.end(), raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(raw.size()));
                EXPECT_EQ(reason_of(raw, packet), many ? Reason::success : known.twice)
                    << known.id << " twice in " << packet;
            }
            // A byte's only allowed values are 0 and 1 (3.1.2.11.6 and others).
            for (unsigned value = 0; known.value.size() == 1 && known.id != 0x0B && allowed && value < 256; ++value) {
                EXPECT_EQ(reason_of({known.id, value}, packet), value <= 1 ? Reason::success : Reason::protocol_error)
                    << known.id << " " << value;
            }
        }
        for (unsigned id = 0; id < 128; ++id) {
            if (!ids.contains(id)) {
                EXPECT_EQ(reason_of({id, 0}, packet), Reason::malformed_packet) << id;
            }
        }
    }
}

// 3.14.2.2.2: a server has no say in how long a session is kept at its end.
TEST(ReasonTable, SessionExpiryIsTheClientsToSetInDisconnect) {
    const Raw raw(0xE0, {0x98, 5, 0x11, 0, 0, 0, 1});
    Disconnect packet;
    EXPECT_EQ(parsed(raw, packet, Version::v5, Sender::client), Reason::success);
    EXPECT_EQ(parsed(raw, packet, Version::v5, Sender::server), Reason::protocol_error);
}

}  // namespace
}  // namespace portillon::wire::mqtt
