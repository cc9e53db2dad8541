#pragma once

// The server's end of one MQTT connection, without I/O: bytes in, events and bytes out. This server has no
// subscriptions: it hands what a client publishes to the owner, who decides what its PUBACK or PUBREC says.
//
// The owner has the transport, the deadlines and the sessions. After each call it writes what the connection added to
// the outbox. A connection in the state `leaving` accepts nothing any more.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/units.h"
#include "mqtt/outbox.h"
#include "mqtt/session_state.h"
#include "mqtt/unanswered.h"
#include "wire/mqtt/framer.h"
#include "wire/mqtt/packet.h"

namespace portillon::mqtt {

// State that all connections of one listener share: its limits, and memory that is reused.
struct ServerContext {
    ServerContext(std::uint32_t most_packet_bytes, std::uint32_t receive_maximum, Nanos idle,
                  std::uint32_t most_expiry_seconds);

    std::uint32_t packet_bytes;                   // larger packets are refused
    std::uint32_t receive_maximum;                // of messages at QoS 1 and 2 at once
    Nanos idle;                                   // without a byte from the peer; 0: no limit
    std::uint32_t most_expiry_seconds;            // that a session is kept
    wire::mqtt::PropertyList connack_properties;  // announce these limits
    Outbox out;
    wire::mqtt::Subscribe subscribe;
    std::vector<std::byte> reasons;
};

class ServerConnection {
public:
    // The topics are not kept, so an alias costs one bit.
    static constexpr std::uint32_t most_topic_aliases = 32;

    // The most unreleased messages at QoS 2 of a session: 64 KiB. Version 3.1.1 has no receive maximum.
    static constexpr std::uint32_t most_unreleased = 4'096;

    static constexpr std::size_t most_client_id_bytes = 1'024;  // one is kept for every session

    // The session for which a CONNECT asks. A view: valid during the call.
    struct Claim {
        std::string_view client_id;  // never empty: an assigned one if the client sent none
        enum class Start : std::uint8_t { clean, resume } start{};
    };

    // Called from inside the functions below.
    class Events {
    public:
        // A valid CONNECT. The owner finds the session and calls welcome(), from inside this call or later; until then
        // no further packet is read.
        virtual void connecting(const Claim& claim) = 0;
        virtual std::string make_client_id() = 0;
        // A message. Each message at QoS 1 and 2 is decided once: at QoS 1 by decided(exchange) or
        // never_answered(exchange); at QoS 2 in the session, where the exchange is the packet identifier.
        virtual void published(wire::mqtt::Payload payload, wire::mqtt::Qos qos, std::uint64_t exchange) = 0;
        virtual void refused(std::string_view cause) = 0;  // something that is not for ingest, to be counted
        virtual void answerable() = 0;                     // answer() is to be called soon
        // The connection's last packet is in the outbox. `cause` is to be counted; empty: the client sent DISCONNECT.
        virtual void leaves(std::string_view cause) = 0;
        virtual void leaves_without_packet(std::string_view cause) = 0;

    protected:
        ~Events() = default;
    };

    // greeting: before CONNECT. claiming: until welcome(). draining: reads no more packets, but still owes answers.
    // leaving: its last packet has been written.
    enum class State : std::uint8_t { greeting, claiming, connected, draining, leaving };

    // `context` and `events` outlive the connection.
    ServerConnection(ServerContext& context, Events& events);

    void receive(std::span<const std::byte> bytes);

    // The answer to connecting(). The session stays valid until lose_session() or the connection's end. Unless the call
    // comes from inside connecting() and `then` is go_on, no further packet is read before go_on(), and received bytes
    // are kept.
    enum class Present : std::uint8_t { no, yes };
    enum class Then : std::uint8_t { go_on, wait };
    void welcome(SessionState& session, Present present, Then then = Then::go_on);
    void go_on();
    bool is_waiting() const { return greeting_ != nullptr; }  // for welcome() or go_on()

    // Decides a message at QoS 1, or one at QoS 2 by the number that its session holds for it.
    void decided(std::uint64_t number, wire::mqtt::Reason reason);
    void never_answered(std::uint64_t number);
    void answer();  // sends what is decided, in the order of arrival

    // Another connection of the same client has this session now (Present::yes), or a new one.
    void lose_session(Present present);
    void give_session_up();  // the same, but its last state and its will are still to be read
    void stop();             // leaves once every message received is answered
    // Leaves: with a DISCONNECT if the version has one, without a last packet, or without an event.
    void close(const wire::mqtt::Violation& why, std::string_view cause);
    void close_without_packet(std::string_view cause);
    void abandon() { state_ = State::leaving; }

    // The session that welcome() gave, until lose_session() or forget_session().
    SessionState* session() const { return session_; }
    void forget_session() { session_ = nullptr; }  // allowed in the state `leaving`, or before the connection's end

    State state() const { return state_; }
    wire::mqtt::Version version() const { return version_; }
    std::uint16_t keepalive_seconds() const { return keepalive_seconds_; }
    std::size_t unanswered() const { return unanswered_.size(); }
    std::uint32_t packets() const { return packets_; }  // taken so far, modulo 2^32
    // Whether no packet has begun; otherwise unfinished_bytes() is the size of its received part.
    bool at_boundary() const { return framer_.at_boundary(); }
    std::size_t unfinished_bytes() const { return framer_.unfinished_bytes(); }

    // left: due when the connection ends. delayed: the session waits with it, if it still has a session.
    enum class Will : std::uint8_t { none, left, delayed };
    Will will() const { return will_; }
    void settle_will() { will_ = Will::none; }

private:
    // From CONNECT until the first packet after CONNACK may be read.
    struct Greeting {
        wire::mqtt::PropertyList properties;  // of the CONNACK
        std::uint32_t expiry_seconds = 0;
        std::uint32_t will_delay_seconds = 0;
        Will will = Will::none;
        std::vector<std::byte> waiting;  // bytes received meanwhile
    };

    void read(std::span<const std::byte> bytes);
    bool listens() const { return (state_ == State::greeting || state_ == State::connected) && !is_waiting(); }
    void take(const wire::mqtt::Frame& frame);
    void take_connect(const wire::mqtt::Frame& frame);
    void take_publish(const wire::mqtt::Frame& frame);
    void take_exactly_once(const wire::mqtt::Publish& packet);
    void take_release(const wire::mqtt::Frame& frame);
    void take_stray_answer(const wire::mqtt::Frame& frame);
    void take_subscribe(const wire::mqtt::Frame& frame);
    void take_disconnect(const wire::mqtt::Frame& frame);
    wire::mqtt::Violation objection(const wire::mqtt::Connect& packet) const;
    wire::mqtt::Violation objection(const wire::mqtt::Publish& packet);
    wire::mqtt::Violation objection_to_alias(const wire::mqtt::Publish& packet);
    void greet(const wire::mqtt::Connect& packet);

    void turn_away(const wire::mqtt::Violation& why);  // leaves with a CONNACK
    void close(const wire::mqtt::Violation& why);
    void leave(std::string_view cause);
    void send_answers();
    void answered();  // one less outstanding

    template <class Packet>
    bool send(const Packet& packet);  // false: larger than the client takes

    ServerContext& context_;
    Events& events_;
    wire::mqtt::Framer framer_;
    SessionState* session_ = nullptr;  // while it is this connection's
    std::unique_ptr<Greeting> greeting_;
    Unanswered unanswered_;
    std::uint32_t topic_aliases_ = 0;                                   // those that are set, a bit each
    std::uint32_t most_sent_bytes_ = wire::mqtt::largest_packet_bytes;  // in a packet
    std::uint32_t packets_ = 0;
    std::uint16_t keepalive_seconds_ = 0;
    std::uint16_t outstanding_ = 0;  // what the receive maximum counts (MQTT 5.0, 4.9)
    wire::mqtt::Version version_ = wire::mqtt::Version::v5;
    State state_ = State::greeting;
    Will will_ = Will::none;
};

}  // namespace portillon::mqtt
