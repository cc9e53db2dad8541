#pragma once

// What a client reads on one MQTT connection, without I/O: bytes in, events out. It publishes and never subscribes, so
// what a server has to say is CONNACK, PUBACK, PUBREC, PUBCOMP, PINGRESP and, in version 5, DISCONNECT. A server may
// subscribe its clients by itself (4.5): messages that come so are acknowledged, and nobody hears of them.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "wire/mqtt/framer.h"
#include "wire/mqtt/packet.h"

namespace portillon::mqtt {

// Of a connection: clean, or with the session that the server kept, if it did.
enum class Start : std::uint8_t { clean, resume };

// What the server's CONNACK asks for.
struct Terms {
    bool session_present = false;
    std::uint32_t most_packet_bytes = largest_packet_bytes;
    std::uint16_t receive_maximum = 65'535;
    std::optional<std::uint16_t> keepalive_seconds;  // instead of ours
    Qos most_qos = Qos::exactly_once;
    std::uint16_t topic_alias_maximum = 0;
};

class ClientConnection {
public:
    // Called from inside receive().
    class Events {
    public:
        virtual void connected(const Terms& terms) = 0;
        // PUBACK, PUBREC or PUBCOMP, of an identifier that may be known or not.
        virtual void answered(PacketType type, std::uint16_t packet_id, Reason reason) = 0;
        // PUBACK, PUBREC or PUBCOMP is to be sent.
        virtual void acknowledge(PacketType type, std::uint16_t packet_id, Reason reason) = 0;
        virtual void pinged() = 0;  // PINGRESP
        // What the server says of `cause` in its own words, in CONNACK, PUBACK, PUBREC or DISCONNECT: a view that holds
        // during the call, before the answer or the error that carries the cause.
        virtual void said(const error_code& cause, std::string_view words) = 0;

    protected:
        ~Events() = default;
    };

    // The most that a server may send at once: a CONNACK or PUBACK with a long explanation. Announced in version 5.
    static constexpr std::uint32_t most_packet_bytes = 16 << 10;

    ClientConnection(Version version, Start start) : framer_(most_packet_bytes), version_(version), start_(start) {
        if (version == Version::v3_1_1) {
            framer_.allow_padded_lengths();
        }
    }

    // An error is final: the connection is of no more use. A Reason: the server refused us, or said goodbye;
    // errc::protocol_error: what it sent is not MQTT, or not its turn.
    error_code receive(std::span<const std::byte> bytes, Events& events);

    // The same, for what only who knows the packets can tell: the bytes so far break the protocol.
    error_code complain(Reason reason);

    // By its CONNACK the server has made no session, and has left alone what it kept (5.0, 3.1.4).
    bool refused() const { return state_ == State::refused; }

    // What is to be said in DISCONNECT after such an error; nothing when there is nobody to say it to.
    std::optional<Reason> complaint() const { return complaint_; }

private:
    error_code take(const Frame& frame, Events& events);
    error_code take_connack(const Frame& frame, Events& events);
    error_code take_publish(const Frame& frame, Events& events);
    error_code take_disconnect(const Frame& frame, Events& events);

    Framer framer_;
    Version version_;
    Start start_;
    Qos most_qos_ = Qos::exactly_once;
    enum class State : std::uint8_t { greeting, greeted, refused } state_ = State::greeting;
    std::optional<Reason> complaint_;
};

}  // namespace portillon::mqtt
