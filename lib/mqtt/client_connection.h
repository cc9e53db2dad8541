#pragma once

// The reading half of a client's MQTT connection, without I/O: bytes in, events out. To a client that publishes, a
// server sends CONNACK, PUBACK, PUBREC, PUBCOMP, PINGRESP and, in version 5, DISCONNECT; to one that has subscribed,
// also SUBACK, PUBLISH and PUBREL. A server may subscribe its clients by itself (4.5), so messages come to any client:
// they are acknowledged, and handed on.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "wire/mqtt/framer.h"
#include "wire/mqtt/packet.h"

namespace portillon::mqtt {

// How a connection starts: clean, or resuming the session that the server kept, if it did.
enum class Start : std::uint8_t { clean, resume };

// The limits and settings of the server's CONNACK.
struct Terms {
    bool session_present = false;
    std::uint32_t most_packet_bytes = wire::mqtt::largest_packet_bytes;
    std::uint16_t receive_maximum = 65'535;
    std::optional<std::uint16_t> keepalive_seconds;  // overrides ours
    wire::mqtt::Qos most_qos = wire::mqtt::Qos::exactly_once;
    std::uint16_t topic_alias_maximum = 0;
};

class ClientConnection {
public:
    // Called from inside receive().
    class Events {
    public:
        virtual void connected(const Terms& terms) = 0;
        // PUBACK, PUBREC or PUBCOMP; the identifier may be unknown.
        virtual void answered(wire::mqtt::PacketType type, std::uint16_t packet_id, wire::mqtt::Reason reason) = 0;
        // The owner is to send this PUBACK, PUBREC or PUBCOMP.
        virtual void acknowledge(wire::mqtt::PacketType type, std::uint16_t packet_id, wire::mqtt::Reason reason) = 0;
        virtual void pinged() = 0;  // PINGRESP
        // A message, as often as the server sends it; before the acknowledge() that answers it. Its views are valid
        // during the call.
        virtual void delivered(const wire::mqtt::Publish&) {}
        // SUBACK: a reason for each filter (3.9.3). Only after subscribing().
        virtual void subscribed(std::uint16_t /* packet_id */, std::span<const std::byte> /* reasons */) {}
        // The server's own words about `cause`, in CONNACK, PUBACK, PUBREC or DISCONNECT: a view, valid during the
        // call, which comes before the answer or the error that carries the cause.
        virtual void said(const error_code& cause, std::string_view words) = 0;

    protected:
        ~Events() = default;
    };

    // The largest packet that a server may send to a client that only publishes: a CONNACK or PUBACK with a long
    // explanation. Announced in version 5.
    static constexpr std::uint32_t most_packet_bytes = 16 << 10;

    ClientConnection(wire::mqtt::Version version, Start start, std::uint32_t its_most_packet_bytes = most_packet_bytes)
        : framer_(its_most_packet_bytes), version_(version), start_(start) {
        if (version == wire::mqtt::Version::v3_1_1) {
            framer_.allow_padded_lengths();
        }
    }

    // An error is final: the connection cannot be used any more. A Reason: the server refused us, or sent DISCONNECT;
    // errc::protocol_error: it sent something that is not MQTT, or not allowed at this point.
    error_code receive(std::span<const std::byte> bytes, Events& events);

    // The client has sent a SUBSCRIBE, without a subscription identifier.
    void subscribing() { subscribes_ = true; }

    // Reports a violation that only the owner of the packets can detect; returns the same error as receive() would.
    error_code complain(wire::mqtt::Reason reason);

    // The server's CONNACK has refused us: it has made no session, and has left the one that it kept alone (5.0,
    // 3.1.4).
    bool refused() const { return state_ == State::refused; }

    // The reason to send in DISCONNECT after such an error; nothing if no DISCONNECT can be sent.
    std::optional<wire::mqtt::Reason> complaint() const { return complaint_; }

private:
    error_code take(const wire::mqtt::Frame& frame, Events& events);
    error_code take_connack(const wire::mqtt::Frame& frame, Events& events);
    error_code take_publish(const wire::mqtt::Frame& frame, Events& events);
    error_code take_suback(const wire::mqtt::Frame& frame, Events& events);
    error_code take_disconnect(const wire::mqtt::Frame& frame, Events& events);

    wire::mqtt::Framer framer_;
    wire::mqtt::Version version_;
    Start start_;
    wire::mqtt::Qos most_qos_ = wire::mqtt::Qos::exactly_once;
    enum class State : std::uint8_t { greeting, greeted, refused } state_ = State::greeting;
    std::optional<wire::mqtt::Reason> complaint_;
    bool subscribes_ = false;
};

}  // namespace portillon::mqtt
