#pragma once

// The control packets of MQTT 3.1.1 and 5, from and to bytes, for both ends of a connection. Texts and payloads of a
// parsed packet are views of its frame. Encoders write exactly encoded_size() bytes to the front of a buffer. Source:
// MQTT 3.1.1 and MQTT 5.0, chapter 3; the section is named at each packet.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "wire/mqtt/framer.h"
#include "wire/mqtt/properties.h"
#include "wire/mqtt/reason.h"
#include "wire/mqtt/reason_table.h"

namespace portillon::wire::mqtt {

enum class Version : std::uint8_t { v3_1_1 = 4, v5 = 5 };
enum class Qos : std::uint8_t { at_most_once, at_least_once, exactly_once };

using Payload = std::span<const std::byte>;

// 3.1.2.5 and following.
struct Will {
    std::string_view topic;
    Payload payload;
    Qos qos = Qos::at_most_once;
    bool retain = false;
    Properties properties;
};

// 3.1. Carries its own version.
struct Connect {
    Version version = Version::v5;
    bool clean_start = true;  // clean session in 3.1.1
    std::uint16_t keep_alive_seconds = 0;
    std::string_view client_id;
    std::optional<Will> will;
    std::optional<std::string_view> user_name;
    std::optional<Payload> password;
    Properties properties;
};

// 3.2.
struct Connack {
    bool session_present = false;
    Reason reason = Reason::success;
    Properties properties;
};

// 3.3. packet_id is 0 at QoS 0. In version 5 the topic is empty when an alias stands for it.
struct Publish {
    std::string_view topic;
    Qos qos = Qos::at_most_once;
    bool duplicate = false;
    bool retain = false;
    std::uint16_t packet_id = 0;
    Properties properties;
    Payload payload;
};

// 3.4 to 3.7: PUBACK, PUBREC, PUBREL, PUBCOMP. 3.1.1 has neither reason nor properties.
struct Acknowledgement {
    PacketType type = PacketType::puback;
    std::uint16_t packet_id = 0;
    Reason reason = Reason::success;
    Properties properties;
};

// One entry of a SUBSCRIBE (3.8.3) or UNSUBSCRIBE (3.10.3); where version 5's options do not exist they have their
// defaults.
struct Subscription {
    std::string_view filter;
    Qos most_qos = Qos::at_most_once;
    bool no_local = false;
    bool retain_as_published = false;
    std::uint8_t retain_mode = 0;  // 3.8.3.1, Retain Handling
    bool operator==(const Subscription&) const = default;
};

// 3.8, 3.10: SUBSCRIBE and UNSUBSCRIBE. Keep one and parse into it again and again.
struct Subscribe {
    PacketType type = PacketType::subscribe;
    std::uint16_t packet_id = 0;
    Properties properties;
    std::vector<Subscription> subscriptions;  // at least one
};

// 3.9, 3.11: SUBACK and UNSUBACK; one reason for each entry (3.1.1: UNSUBACK has none; SUBACK has 0, 1, 2 or 0x80).
struct Suback {
    PacketType type = PacketType::suback;
    std::uint16_t packet_id = 0;
    Properties properties;
    std::span<const std::byte> reasons;  // each the number of a Reason
};

// 3.14. 3.1.1 has neither reason nor properties.
struct Disconnect {
    Reason reason = Reason::success;
    Properties properties;
};

// 3.15, version 5 only.
struct Auth {
    Reason reason = Reason::success;
    Properties properties;
};

// Parse a frame of the right type into a packet. For any bytes the result is either a violation or a packet that the
// specification allows: every enumerated field has a value that its table lists for this packet and its sender, and
// nothing is left unread. A CONNECT names its version: if that is neither 3.1.1 nor 5, the violation is
// unsupported_protocol_version and into.version is the version in which to answer; with any other violation
// into.version is the packet's, or 3.1.1 if the packet ends before it names one.
Violation parse(const Frame& frame, Connect& into);
Violation parse(const Frame& frame, Version version, Connack& into);
Violation parse(const Frame& frame, Version version, Publish& into);
Violation parse(const Frame& frame, Version version, Acknowledgement& into);
Violation parse(const Frame& frame, Version version, Subscribe& into);
Violation parse(const Frame& frame, Version version, Suback& into);
Violation parse(const Frame& frame, Version version, Sender sender, Disconnect& into);
Violation parse(const Frame& frame, Version version, Sender sender, Auth& into);
Violation parse_ping(const Frame& frame);  // PINGREQ and PINGRESP (3.12, 3.13) are empty

// The size of the whole packet. In 3.1.1 properties and reasons are left out.
std::size_t encoded_size(const Connect& packet);
std::size_t encoded_size(const Connack& packet, Version version);
std::size_t encoded_size(const Acknowledgement& packet, Version version);
std::size_t encoded_size(const Subscribe& packet, Version version);
std::size_t encoded_size(const Suback& packet, Version version);
std::size_t encoded_size(const Disconnect& packet, Version version);
std::size_t encoded_size(const Auth& packet);

// Writes the packet to the front of `out`, which must have room, and returns its size. A packet that MQTT cannot
// express (texts above 65,535 bytes, a packet above largest_packet_bytes) is a programmer error.
std::size_t encode(const Connect& packet, std::span<std::byte> out);
std::size_t encode(const Connack& packet, Version version, std::span<std::byte> out);
std::size_t encode(const Acknowledgement& packet, Version version, std::span<std::byte> out);
std::size_t encode(const Subscribe& packet, Version version, std::span<std::byte> out);
std::size_t encode(const Suback& packet, Version version, std::span<std::byte> out);
std::size_t encode(const Disconnect& packet, Version version, std::span<std::byte> out);
std::size_t encode(const Auth& packet, std::span<std::byte> out);

inline constexpr std::byte pingreq[] = {std::byte{0xC0}, std::byte{0x00}};
inline constexpr std::byte pingresp[] = {std::byte{0xD0}, std::byte{0x00}};

// A PUBLISH is written in two steps: its head, then payload_bytes bytes that the caller writes in place right behind
// it. packet.payload is ignored.
std::size_t publish_head_size(const Publish& packet, Version version, std::size_t payload_bytes);
std::size_t encode_publish_head(const Publish& packet, Version version, std::size_t payload_bytes,
                                std::span<std::byte> out);

// Sets DUP in a PUBLISH already written, for sending it again (3.3.1.1).
inline void mark_duplicate(std::span<std::byte> publish) {
    publish.front() |= std::byte{0x08};
}

}  // namespace portillon::wire::mqtt
