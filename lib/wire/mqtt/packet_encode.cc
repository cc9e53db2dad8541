#include "base/check.h"
#include "wire/mqtt/cursor.h"
#include "wire/mqtt/packet.h"

namespace portillon::wire::mqtt {

namespace {

std::size_t size_of(const Properties& properties) {
    return variable_size(properties.raw().size()) + properties.raw().size();
}

std::size_t size_of_text(std::string_view text) {
    check(text.size() <= 0xFFFF, "text too long for MQTT");
    return 2 + text.size();
}

void write(Writer& out, const Properties& properties) {
    out.variable(properties.raw().size());
    out.bytes(as_text(properties.raw()));
}

std::size_t whole_size(std::size_t body_bytes) {
    check(body_bytes <= largest_remaining_length, "packet too large for MQTT");
    return 1 + variable_size(body_bytes) + body_bytes;
}

// Checks that there is room for a packet (or for its head alone, without the payload), and writes the fixed header.
Writer begin(PacketType type, unsigned flags, std::size_t body_bytes, std::size_t room_bytes,
             std::span<std::byte> out) {
    check(out.size() >= room_bytes, "packet buffer too small");
    Writer writer(out.data());
    writer.byte(static_cast<unsigned>(type) << 4 | flags);
    writer.variable(body_bytes);
    return writer;
}

Writer begin(PacketType type, unsigned flags, std::size_t body_bytes, std::span<std::byte> out) {
    return begin(type, flags, body_bytes, whole_size(body_bytes), out);
}

std::size_t finish(const Writer& writer, std::span<std::byte> out) {
    return static_cast<std::size_t>(writer.at() - out.data());
}

std::size_t body_size(const Connect& packet) {
    const bool five = packet.version == Version::v5;
    std::size_t size = 10 + (five ? size_of(packet.properties) : 0) + size_of_text(packet.client_id);
    if (packet.will) {
        size += (five ? size_of(packet.will->properties) : 0) + size_of_text(packet.will->topic) +
                size_of_text(as_text(packet.will->payload));
    }
    if (packet.user_name) {
        size += size_of_text(*packet.user_name);
    }
    if (packet.password) {
        size += size_of_text(as_text(*packet.password));
    }
    return size;
}

std::size_t body_size(const Connack& packet, Version version) {
    return 2 + (version == Version::v5 ? size_of(packet.properties) : 0);
}

// The size of reason and properties, which are left out from the end if they have their defaults.
template <class Packet>
std::size_t ending_size(const Packet& packet, Version version) {
    if (version == Version::v3_1_1) {
        return 0;
    }
    if (!packet.properties.empty()) {
        return 1 + size_of(packet.properties);
    }
    return packet.reason != Reason::success ? 1 : 0;
}

template <class Packet>
void write_ending(Writer& out, const Packet& packet, Version version) {
    const std::size_t size = ending_size(packet, version);
    if (size >= 1) {
        out.byte(static_cast<unsigned>(packet.reason));
    }
    if (size > 1) {
        write(out, packet.properties);
    }
}

std::size_t body_size(const Acknowledgement& packet, Version version) {
    return 2 + ending_size(packet, version);
}

std::size_t body_size(const Subscribe& packet, Version version) {
    std::size_t size = 2 + (version == Version::v5 ? size_of(packet.properties) : 0);
    for (const Subscription& each : packet.subscriptions) {
        size += size_of_text(each.filter) + (packet.type == PacketType::subscribe ? 1 : 0);
    }
    return size;
}

std::size_t body_size(const Suback& packet, Version version) {
    if (version == Version::v5) {
        return 2 + size_of(packet.properties) + packet.reasons.size();
    }
    return 2 + (packet.type == PacketType::suback ? packet.reasons.size() : 0);
}

unsigned connect_flags(const Connect& packet) {
    unsigned flags = packet.clean_start ? 0x02 : 0;
    if (packet.will) {
        flags |= 0x04 | static_cast<unsigned>(packet.will->qos) << 3 | (packet.will->retain ? 0x20 : 0);
    }
    return flags | (packet.password ? 0x40 : 0) | (packet.user_name ? 0x80 : 0);
}

// The inverse of parsing a CONNACK of 3.1.1; a reason that 3.1.1 does not have becomes "server unavailable".
unsigned return_code(Reason reason) {
    switch (reason) {
        case Reason::success:
            return 0;
        case Reason::unsupported_protocol_version:
            return 1;
        case Reason::client_identifier_not_valid:
            return 2;
        case Reason::bad_user_name_or_password:
            return 4;
        case Reason::not_authorized:
        case Reason::banned:
            return 5;
        default:
            return 3;
    }
}

// 3.1.1 has no reasons, or other numbers for them.
void check_listed(Reason reason, PacketType packet, Version version) {
    check(version == Version::v3_1_1 || is_listed(reason, packet, Sender::client) ||
              is_listed(reason, packet, Sender::server),
          "a reason that the packet's table lists");
}

std::size_t publish_fields_size(const Publish& packet, Version version) {
    return size_of_text(packet.topic) + (packet.qos != Qos::at_most_once ? 2 : 0) +
           (version == Version::v5 ? size_of(packet.properties) : 0);
}

}  // namespace

std::size_t encoded_size(const Connect& packet) {
    return whole_size(body_size(packet));
}
std::size_t encoded_size(const Connack& packet, Version version) {
    return whole_size(body_size(packet, version));
}
std::size_t encoded_size(const Acknowledgement& packet, Version version) {
    return whole_size(body_size(packet, version));
}
std::size_t encoded_size(const Subscribe& packet, Version version) {
    return whole_size(body_size(packet, version));
}
std::size_t encoded_size(const Suback& packet, Version version) {
    return whole_size(body_size(packet, version));
}
std::size_t encoded_size(const Disconnect& packet, Version version) {
    return whole_size(ending_size(packet, version));
}
std::size_t encoded_size(const Auth& packet) {
    return whole_size(ending_size(packet, Version::v5));
}

std::size_t encode(const Connect& packet, std::span<std::byte> out) {
    const bool five = packet.version == Version::v5;
    check(five || packet.user_name || !packet.password, "3.1.1 has no password without user name");
    Writer writer = begin(PacketType::connect, 0, body_size(packet), out);
    writer.text("MQTT");
    writer.byte(static_cast<unsigned>(packet.version));
    writer.byte(connect_flags(packet));
    writer.two_byte(packet.keep_alive_seconds);
    if (five) {
        write(writer, packet.properties);
    }
    writer.text(packet.client_id);
    if (packet.will) {
        if (five) {
            write(writer, packet.will->properties);
        }
        writer.text(packet.will->topic);
        writer.text(as_text(packet.will->payload));
    }
    if (packet.user_name) {
        writer.text(*packet.user_name);
    }
    if (packet.password) {
        writer.text(as_text(*packet.password));
    }
    return finish(writer, out);
}

std::size_t encode(const Connack& packet, Version version, std::span<std::byte> out) {
    check_listed(packet.reason, PacketType::connack, version);
    Writer writer = begin(PacketType::connack, 0, body_size(packet, version), out);
    writer.byte(packet.session_present ? 1 : 0);
    if (version == Version::v5) {
        writer.byte(static_cast<unsigned>(packet.reason));
        write(writer, packet.properties);
    } else {
        writer.byte(return_code(packet.reason));
    }
    return finish(writer, out);
}

std::size_t encode(const Acknowledgement& packet, Version version, std::span<std::byte> out) {
    check_listed(packet.reason, packet.type, version);
    Writer writer = begin(packet.type, packet.type == PacketType::pubrel ? 2 : 0, body_size(packet, version), out);
    writer.two_byte(packet.packet_id);
    write_ending(writer, packet, version);
    return finish(writer, out);
}

std::size_t encode(const Subscribe& packet, Version version, std::span<std::byte> out) {
    Writer writer = begin(packet.type, 2, body_size(packet, version), out);
    writer.two_byte(packet.packet_id);
    if (version == Version::v5) {
        write(writer, packet.properties);
    }
    for (const Subscription& each : packet.subscriptions) {
        writer.text(each.filter);
        if (packet.type == PacketType::subscribe) {
            unsigned options = static_cast<unsigned>(each.most_qos);
            if (version == Version::v5) {
                options |= (each.no_local ? 0x04U : 0U) | (each.retain_as_published ? 0x08U : 0U) |
                           static_cast<unsigned>(each.retain_mode) << 4;
            }
            writer.byte(options);
        }
    }
    return finish(writer, out);
}

std::size_t encode(const Suback& packet, Version version, std::span<std::byte> out) {
    for (const std::byte reason : packet.reasons) {
        check_listed(static_cast<Reason>(reason), packet.type, version);
    }
    Writer writer = begin(packet.type, 0, body_size(packet, version), out);
    writer.two_byte(packet.packet_id);
    if (version == Version::v5) {
        write(writer, packet.properties);
    }
    if (version == Version::v5 || packet.type == PacketType::suback) {
        writer.bytes(as_text(packet.reasons));
    }
    return finish(writer, out);
}

std::size_t encode(const Disconnect& packet, Version version, std::span<std::byte> out) {
    check_listed(packet.reason, PacketType::disconnect, version);
    Writer writer = begin(PacketType::disconnect, 0, ending_size(packet, version), out);
    write_ending(writer, packet, version);
    return finish(writer, out);
}

std::size_t encode(const Auth& packet, std::span<std::byte> out) {
    check_listed(packet.reason, PacketType::auth, Version::v5);
    Writer writer = begin(PacketType::auth, 0, ending_size(packet, Version::v5), out);
    write_ending(writer, packet, Version::v5);
    return finish(writer, out);
}

std::size_t publish_head_size(const Publish& packet, Version version, std::size_t payload_bytes) {
    return whole_size(publish_fields_size(packet, version) + payload_bytes) - payload_bytes;
}

std::size_t encode_publish_head(const Publish& packet, Version version, std::size_t payload_bytes,
                                std::span<std::byte> out) {
    check((packet.qos == Qos::at_most_once) == (packet.packet_id == 0), "packet identifiers go with QoS 1 and 2");
    const std::size_t body_bytes = publish_fields_size(packet, version) + payload_bytes;
    const unsigned flags =
        (packet.duplicate ? 0x08U : 0U) | static_cast<unsigned>(packet.qos) << 1 | (packet.retain ? 0x01U : 0U);
    Writer writer = begin(PacketType::publish, flags, body_bytes, whole_size(body_bytes) - payload_bytes, out);
    writer.text(packet.topic);
    if (packet.qos != Qos::at_most_once) {
        writer.two_byte(packet.packet_id);
    }
    if (version == Version::v5) {
        write(writer, packet.properties);
    }
    return finish(writer, out);
}

}  // namespace portillon::wire::mqtt
