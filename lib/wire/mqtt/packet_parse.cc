#include <array>

#include "base/check.h"
#include "wire/mqtt/cursor.h"
#include "wire/mqtt/packet.h"
#include "wire/mqtt/topic.h"

namespace portillon::wire::mqtt {

namespace {

void check_flags(Reader& in, const Frame& frame, std::uint8_t flags) {
    if (frame.flags() != flags) {
        in.fail(Reason::malformed_packet, "reserved flags of the fixed header");
    }
}

// Reads version 5's properties: a length, and that many bytes (2.2.2.1).
void read_properties(Reader& in, PacketType packet, Properties& into) {
    const std::string_view raw = in.bytes(in.variable());
    if (const Violation violation = parse_properties(as_bytes(raw), packet, into)) {
        in.fail(violation.reason, violation.what);
    }
}

std::uint16_t read_packet_id(Reader& in) {
    const std::uint16_t id = in.two_byte();
    if (id == 0) {
        in.fail(Reason::protocol_error, "packet identifier 0");
    }
    return id;
}

Violation finish(Reader& in) {
    if (in.left() > 0) {
        in.fail(Reason::malformed_packet, "bytes after the end of the packet");
    }
    return in.violation();
}

// 3.1.1, table 3.1, in the numbers of version 5.
constexpr std::array<Reason, 6> return_codes = {Reason::success,
                                                Reason::unsupported_protocol_version,
                                                Reason::client_identifier_not_valid,
                                                Reason::server_unavailable,
                                                Reason::bad_user_name_or_password,
                                                Reason::not_authorized};

void read_will(Reader& in, Version version, std::uint8_t flags, Will& into) {
    into.qos = static_cast<Qos>(flags >> 3 & 3);
    into.retain = (flags & 0x20) != 0;
    if (version == Version::v5) {
        const std::string_view raw = in.bytes(in.variable());
        if (const Violation violation = parse_will_properties(as_bytes(raw), into.properties)) {
            in.fail(violation.reason, violation.what);
        }
    }
    into.topic = in.text();
    if (!is_topic_name(into.topic)) {
        in.fail(Reason::topic_name_invalid, "will topic is no topic name");
    }
    into.payload = as_bytes(in.binary());
}

// Section 3.1.2.3: refuses reserved and contradictory flags.
void check_connect_flags(Reader& in, Version version, std::uint8_t flags) {
    if ((flags & 0x01) != 0) {
        in.fail(Reason::malformed_packet, "reserved flag of CONNECT");
    }
    if ((flags & 0x18) == 0x18 || ((flags & 0x04) == 0 && (flags & 0x38) != 0)) {
        in.fail(Reason::malformed_packet, "flags of the will");
    }
    if (version == Version::v3_1_1 && (flags & 0xC0) == 0x40) {
        in.fail(Reason::malformed_packet, "password without user name");
    }
}

// A number that the packet's table does not list is reserved: a protocol error (5.0, 2.4 and 4.13.1).
Reason listed_reason(Reader& in, std::uint8_t number, PacketType packet, Sender sender) {
    const auto reason = static_cast<Reason>(number);
    if (!is_listed(reason, packet, sender)) {
        in.fail(Reason::protocol_error, "reason code that the packet's table does not list");
        return Reason::success;
    }
    return reason;
}

// Version 5 of PUBACK to PUBCOMP, DISCONNECT and AUTH (3.4.2, 3.14.2, 3.15.2): reason and properties may be left out
// from the end. A reason that is left out is 0x00, which must be listed as well.
template <class Packet>
void read_reason_and_properties(Reader& in, PacketType type, Sender sender, Packet& into) {
    if (!in.violation()) {
        into.reason = listed_reason(in, in.left() > 0 ? in.byte() : std::uint8_t{0}, type, sender);
    }
    if (in.left() > 0) {
        read_properties(in, type, into.properties);
    }
}

void read_options(Reader& in, Version version, Subscription& into) {
    const std::uint8_t options = in.byte();
    if ((options & (version == Version::v5 ? 0xC0 : 0xFC)) != 0) {
        in.fail(Reason::malformed_packet, "reserved subscription options");
    }
    if ((options & 0x03) == 0x03) {  // 5.0: a protocol error; 3.1.1 knows only malformed packets
        in.fail(version == Version::v5 ? Reason::protocol_error : Reason::malformed_packet, "subscription at QoS 3");
    }
    into.most_qos = static_cast<Qos>(options & 0x03);
    into.no_local = (options & 0x04) != 0;
    into.retain_as_published = (options & 0x08) != 0;
    into.retain_mode = static_cast<std::uint8_t>(options >> 4 & 0x03);
    if (into.retain_mode == 3 || (into.no_local && into.filter.starts_with("$share/"))) {
        in.fail(Reason::protocol_error, "subscription options");
    }
}

}  // namespace

Violation parse(const Frame& frame, Connect& into) {
    check(frame.type() == PacketType::connect, "not a CONNECT");
    into = {};
    into.version = Version::v3_1_1;  // until it is known
    Reader in(frame.body);
    const std::string_view protocol = in.binary();
    const std::uint8_t level = in.byte();
    if (in.violation()) {
        return in.violation();
    }
    into.version = (level & 0x7F) >= 5 ? Version::v5 : Version::v3_1_1;  // the highest bit is a bridge's
    if (protocol != "MQTT" || (level != 4 && level != 5)) {
        return {Reason::unsupported_protocol_version, "neither MQTT 3.1.1 nor 5"};
    }
    check_flags(in, frame, 0);
    if (into.version == Version::v5 && frame.length == Frame::Length::padded) {
        in.fail(Reason::malformed_packet, "remaining length in more bytes than need be");
    }
    const std::uint8_t flags = in.byte();
    check_connect_flags(in, into.version, flags);
    into.clean_start = (flags & 0x02) != 0;
    into.keep_alive_seconds = in.two_byte();
    if (into.version == Version::v5) {
        read_properties(in, PacketType::connect, into.properties);
    }
    into.client_id = in.text();
    if (!in.violation() && into.version == Version::v3_1_1 && into.client_id.empty() && !into.clean_start) {
        in.fail(Reason::client_identifier_not_valid, "no client identifier for a session that is kept");
    }
    if ((flags & 0x04) != 0) {
        read_will(in, into.version, flags, into.will.emplace());
    }
    if ((flags & 0x80) != 0) {
        into.user_name = in.text();
    }
    if ((flags & 0x40) != 0) {
        into.password = as_bytes(in.binary());
    }
    return finish(in);
}

Violation parse(const Frame& frame, Version version, Connack& into) {
    check(frame.type() == PacketType::connack, "not a CONNACK");
    into = {};
    Reader in(frame.body);
    check_flags(in, frame, 0);
    const std::uint8_t flags = in.byte();
    const std::uint8_t code = in.byte();
    into.session_present = flags == 1;
    if (flags > 1 || (flags == 1 && code != 0)) {
        in.fail(Reason::malformed_packet, "flags of CONNACK");
    }
    // A server of 3.1.1 refuses a client of version 5 in its own form: 2 bytes.
    if (version == Version::v3_1_1 || (frame.body.size() == 2 && code != 0)) {
        if (code >= return_codes.size()) {
            in.fail(Reason::malformed_packet, "reserved return code");
            return in.violation();
        }
        into.reason = return_codes[code];
        return finish(in);
    }
    into.reason = listed_reason(in, code, PacketType::connack, Sender::server);
    read_properties(in, PacketType::connack, into.properties);
    return finish(in);
}

Violation parse(const Frame& frame, Version version, Publish& into) {
    check(frame.type() == PacketType::publish, "not a PUBLISH");
    into = {};
    Reader in(frame.body);
    const std::uint8_t flags = frame.flags();
    into.qos = static_cast<Qos>(flags >> 1 & 3);
    into.duplicate = (flags & 0x08) != 0;
    into.retain = (flags & 0x01) != 0;
    if ((flags & 0x06) == 0x06 || (into.duplicate && into.qos == Qos::at_most_once)) {
        in.fail(Reason::malformed_packet, "flags of PUBLISH");
    }
    into.topic = in.text();
    if (into.qos != Qos::at_most_once) {
        into.packet_id = read_packet_id(in);
    }
    if (version == Version::v5) {
        read_properties(in, PacketType::publish, into.properties);
    }
    const bool aliased =
        into.topic.empty() && version == Version::v5 && into.properties.number(PropertyId::topic_alias).has_value();
    if (!in.violation() && !aliased && !is_topic_name(into.topic)) {
        in.fail(into.topic.empty() ? Reason::protocol_error : Reason::topic_name_invalid, "topic is no topic name");
    }
    into.payload = as_bytes(in.rest());
    return in.violation();
}

Violation parse(const Frame& frame, Version version, Acknowledgement& into) {
    const PacketType type = frame.type();
    check(type >= PacketType::puback && type <= PacketType::pubcomp, "not a PUBACK, PUBREC, PUBREL or PUBCOMP");
    into = {.type = type, .packet_id = 0, .reason = Reason::success, .properties = {}};
    Reader in(frame.body);
    check_flags(in, frame, type == PacketType::pubrel ? 2 : 0);
    into.packet_id = read_packet_id(in);
    if (version == Version::v5) {
        read_reason_and_properties(in, type, Sender::client, into);  // the same reasons for either end
    }
    return finish(in);
}

Violation parse(const Frame& frame, Version version, Subscribe& into) {
    const PacketType type = frame.type();
    check(type == PacketType::subscribe || type == PacketType::unsubscribe, "not a SUBSCRIBE or UNSUBSCRIBE");
    into.type = type;
    into.properties = {};
    into.subscriptions.clear();
    Reader in(frame.body);
    check_flags(in, frame, 2);
    into.packet_id = read_packet_id(in);
    if (version == Version::v5) {
        read_properties(in, type, into.properties);
    }
    while (in.left() > 0) {
        Subscription& subscription = into.subscriptions.emplace_back();
        subscription.filter = in.text();
        const bool shared = version == Version::v5 && subscription.filter.starts_with("$share/");
        if (shared ? !is_shared_filter(subscription.filter) : !is_topic_filter(subscription.filter)) {
            in.fail(Reason::topic_filter_invalid, "topic filter");
        }
        if (type == PacketType::subscribe) {
            read_options(in, version, subscription);
        }
    }
    if (into.subscriptions.empty()) {
        in.fail(Reason::protocol_error, "no topic filter");
    }
    return in.violation();
}

Violation parse(const Frame& frame, Version version, Suback& into) {
    const PacketType type = frame.type();
    check(type == PacketType::suback || type == PacketType::unsuback, "not a SUBACK or UNSUBACK");
    into = {.type = type, .packet_id = 0, .properties = {}, .reasons = {}};
    Reader in(frame.body);
    check_flags(in, frame, 0);
    into.packet_id = read_packet_id(in);
    if (version == Version::v5) {
        read_properties(in, type, into.properties);
    } else if (type == PacketType::unsuback) {
        return finish(in);
    }
    into.reasons = as_bytes(in.rest());
    if (into.reasons.empty()) {
        in.fail(Reason::malformed_packet, "no reason");
    }
    for (const std::byte reason : into.reasons) {
        if (version == Version::v5) {
            listed_reason(in, static_cast<std::uint8_t>(reason), type, Sender::server);
        } else if (reason > std::byte{2} && reason != std::byte{0x80}) {
            in.fail(Reason::malformed_packet, "reserved return code");
        }
    }
    return in.violation();
}

Violation parse(const Frame& frame, Version version, Sender sender, Disconnect& into) {
    check(frame.type() == PacketType::disconnect, "not a DISCONNECT");
    into = {};
    Reader in(frame.body);
    check_flags(in, frame, 0);
    if (version == Version::v5) {
        read_reason_and_properties(in, PacketType::disconnect, sender, into);
        if (sender == Sender::server && into.properties.number(PropertyId::session_expiry_interval)) {  // 3.14.2.2.2
            in.fail(Reason::protocol_error, "session expiry interval in a DISCONNECT from a server");
        }
    }
    return finish(in);
}

Violation parse(const Frame& frame, Version version, Sender sender, Auth& into) {
    check(frame.type() == PacketType::auth, "not an AUTH");
    into = {};
    if (version != Version::v5) {
        return {Reason::malformed_packet, "AUTH before version 5"};
    }
    Reader in(frame.body);
    check_flags(in, frame, 0);
    read_reason_and_properties(in, PacketType::auth, sender, into);
    return finish(in);
}

Violation parse_ping(const Frame& frame) {
    check(frame.type() == PacketType::pingreq || frame.type() == PacketType::pingresp, "not a ping");
    Reader in(frame.body);
    check_flags(in, frame, 0);
    return finish(in);
}

}  // namespace portillon::wire::mqtt
