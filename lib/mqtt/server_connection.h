#pragma once

// The server's end of one MQTT connection, without I/O: bytes in, events and bytes out. Nobody subscribes here: what a
// client publishes is handed to the owner, who decides what its PUBACK or PUBREC says.
//
// The owner has the transport, the deadlines and the sessions. After each call it writes what the connection added to
// the outbox. A connection that has left takes nothing any more.

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

// What all connections of one listener share: its terms, and memory that is used again.
struct ServerContext {
    ServerContext(std::uint32_t most_packet_bytes, std::uint32_t receive_maximum, Nanos idle,
                  std::uint32_t most_expiry_seconds);

    std::uint32_t packet_bytes;         // a packet larger is refused
    std::uint32_t receive_maximum;      // of messages at QoS 1 and 2 at once
    Nanos idle;                         // without a byte from the peer; 0: no limit
    std::uint32_t most_expiry_seconds;  // that a session is kept
    PropertyList connack_properties;    // that say so
    Outbox out;
    Subscribe subscribe;
    std::vector<std::byte> reasons;
};

class ServerConnection {
public:
    // Nobody keeps the topics, so that an alias costs one bit.
    static constexpr std::uint32_t most_topic_aliases = 32;

    // Of messages at QoS 2 that a session holds: 64 KiB. 3.1.1 knows no receive maximum.
    static constexpr std::uint32_t most_unreleased = 4'096;

    static constexpr std::size_t most_client_id_bytes = 1'024;  // one is kept for every session

    // What a CONNECT asks for. A view: valid during the call.
    struct Claim {
        std::string_view client_id;  // never empty: one that was assigned, if the client has none
        enum class Start : std::uint8_t { clean, resume } start{};
    };

    // Called from inside the functions below.
    class Events {
    public:
        // A CONNECT that nothing speaks against. The owner finds the session and calls welcome(), from inside this call
        // or later; until then nothing more is taken in.
        virtual void connecting(const Claim& claim) = 0;
        virtual std::string make_client_id() = 0;
        // A message. At QoS 1 and 2 it is decided once: at QoS 1 by decided(exchange) or never_answered(exchange), at
        // QoS 2 in the session, where the exchange is its packet identifier.
        virtual void published(Payload payload, Qos qos, std::uint64_t exchange) = 0;
        virtual void refused(std::string_view cause) = 0;  // something that is not for ingest, to be counted
        virtual void answerable() = 0;                     // answer() is to be called, soon
        // Its last word is in the outbox; empty: the client said goodbye, which is nothing to count.
        virtual void leaves(std::string_view cause) = 0;
        virtual void vanishes(std::string_view cause) = 0;  // without a word

    protected:
        ~Events() = default;
    };

    // greeting: before CONNECT. claiming: until welcome(). draining: nothing more is taken in, but answers are still
    // owed. leaving: it has said its last word.
    enum class State : std::uint8_t { greeting, claiming, connected, draining, leaving };

    // `context` and `events` outlive it.
    ServerConnection(ServerContext& context, Events& events);

    void receive(std::span<const std::byte> bytes);

    // The answer to connecting(). The session stays until lose_session() or the end. Unless the call comes from inside
    // of connecting() and `then` is go_on, nothing more is taken in before go_on(), and what is received is kept.
    enum class Present : std::uint8_t { no, yes };
    enum class Then : std::uint8_t { go_on, wait };
    void welcome(SessionState& session, Present present, Then then = Then::go_on);
    void go_on();
    bool is_waiting() const { return greeting_ != nullptr; }  // for welcome() or go_on()

    // A message at QoS 1, or at QoS 2 under the number that stands in the session.
    void decided(std::uint64_t number, Reason reason);
    void never_answered(std::uint64_t number);
    void answer();  // sends what is decided, in the order of arrival

    // Another connection has the session now, which lives on or not.
    void lose_session(Present present);
    void give_session_up();  // the same, but that its last state, its will included, is still to be asked for
    void stop();             // leaves once all that was asked is answered
    void close(const Violation& why, std::string_view cause);  // leaves with a DISCONNECT, if the version has one
    void vanish(std::string_view cause);                       // leaves without a word
    void abandon() { state_ = State::leaving; }                // leaves, and nobody hears of it

    State state() const { return state_; }
    Version version() const { return version_; }
    std::uint16_t keepalive_seconds() const { return keepalive_seconds_; }
    std::size_t unanswered() const { return unanswered_.size(); }
    std::uint32_t packets() const { return packets_; }          // taken so far, modulo 2^32
    bool at_boundary() const { return framer_.at_boundary(); }  // or else a packet has begun and not ended:
    std::size_t unfinished_bytes() const { return framer_.unfinished_bytes(); }

    // left: due when the connection ends. delayed: for the session to wait with, if it has one still.
    enum class Will : std::uint8_t { none, left, delayed };
    Will will() const { return will_; }
    void settle_will() { will_ = Will::none; }

private:
    // From CONNECT until it goes on after CONNACK.
    struct Greeting {
        PropertyList properties;  // of the CONNACK
        std::uint32_t expiry_seconds = 0;
        std::uint32_t will_delay_seconds = 0;
        Will will = Will::none;
        std::vector<std::byte> waiting;  // received meanwhile
    };

    void read(std::span<const std::byte> bytes);
    bool listens() const { return (state_ == State::greeting || state_ == State::connected) && !is_waiting(); }
    void take(const Frame& frame);
    void take_connect(const Frame& frame);
    void take_publish(const Frame& frame);
    void take_exactly_once(const Publish& packet);
    void take_release(const Frame& frame);
    void take_stray_answer(const Frame& frame);
    void take_subscribe(const Frame& frame);
    void take_disconnect(const Frame& frame);
    Violation objection(const Connect& packet) const;
    Violation objection(const Publish& packet);
    Violation objection_to_alias(const Publish& packet);
    void greet(const Connect& packet);

    void turn_away(const Violation& why);  // leaves with a CONNACK
    void close(const Violation& why);
    void leave(std::string_view cause);
    void send_answers();
    void answered();  // one less outstanding

    template <class Packet>
    bool send(const Packet& packet);  // false: larger than the client takes

    ServerContext& context_;
    Events& events_;
    Framer framer_;
    SessionState* session_ = nullptr;  // while it is ours
    std::unique_ptr<Greeting> greeting_;
    Unanswered unanswered_;
    std::uint32_t topic_aliases_ = 0;                       // those that are set, a bit each
    std::uint32_t most_sent_bytes_ = largest_packet_bytes;  // in a packet
    std::uint32_t packets_ = 0;
    std::uint16_t keepalive_seconds_ = 0;
    std::uint16_t outstanding_ = 0;  // what the receive maximum counts (MQTT 5.0, 4.9)
    Version version_ = Version::v5;
    State state_ = State::greeting;
    Will will_ = Will::none;
};

}  // namespace portillon::mqtt
