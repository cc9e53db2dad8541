#pragma once

// The server's end of one MQTT connection.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/listeners/mqtt/listener.h"
#include "server/listeners/mqtt/unanswered.h"

namespace portillon::server::mqtt {

class Connection final : private net::Transport::Reader, private net::Deferred, private Alarm {
public:
    // Nobody keeps the topics, so that an alias costs one bit.
    static constexpr std::uint32_t most_topic_aliases = 32;

    // Of messages at QoS 2 that a session holds: 64 KiB. 3.1.1 knows no receive maximum.
    static constexpr std::uint32_t most_unreleased = 4'096;

    // Exchanges of tickets: a number among unanswered; with the bit, a packet identifier of a session; or nobody's.
    static constexpr std::uint64_t asked_by_session = std::uint64_t{1} << 63;
    static constexpr std::uint64_t no_answer = ~std::uint64_t{0};

    Connection(Listener& listener, std::unique_ptr<net::Transport> transport, Ticket ticket);
    ~Connection() override;

    void adopt(std::span<const std::byte> read);  // another shard has read so much of it
    void decided(std::uint64_t number, Disposition disposition);
    void decided(std::uint64_t number, portillon::mqtt::Reason reason);
    void take_over(
        Sessions::Claim::Present present);  // its session, which lives on or not, is now another connection's
    void stop();                            // with a DISCONNECT, once all that was asked is answered
    void fall_silent();                     // closed without a word

    // Of one that is answered.
    static portillon::mqtt::Reason reason_of(Disposition disposition);

private:
    // draining: nothing more is taken in, but answers are still owed. leaving: our end is shut, the peer's is awaited.
    enum class State : std::uint8_t { greeting, connected, draining, leaving };
    // Why nothing is read. Nor is its leaving noticed then: its will and its place wait for that, a take-over does not.
    enum class Pausing : std::uint8_t { none, unanswered, unsent };
    class Cork;

    void received(std::span<const std::byte> bytes) override;
    void ended(const error_code& cause) override;
    void drained() override;
    void run() override;
    void ring(Instant now) override;

    void read(std::span<const std::byte> bytes);
    void take(const portillon::mqtt::Frame& frame);
    void take_connect(const portillon::mqtt::Frame& frame);
    void take_publish(const portillon::mqtt::Frame& frame);
    void take_exactly_once(const portillon::mqtt::Publish& packet);
    void take_release(const portillon::mqtt::Frame& frame);
    void take_stray_answer(const portillon::mqtt::Frame& frame);
    void take_subscribe(const portillon::mqtt::Frame& frame);
    void take_disconnect(const portillon::mqtt::Frame& frame);
    portillon::mqtt::Violation objection(const portillon::mqtt::Connect& packet) const;
    portillon::mqtt::Violation objection(const portillon::mqtt::Publish& packet);
    portillon::mqtt::Violation objection_to_alias(const portillon::mqtt::Publish& packet);
    void greet(const portillon::mqtt::Connect& packet);

    // All of these end in the state leaving; the connection is destroyed later, from the loop.
    void turn_away(const portillon::mqtt::Violation& why);  // with a CONNACK
    void close(const portillon::mqtt::Violation& why);      // with a DISCONNECT, if the version has one
    void close(const portillon::mqtt::Violation& why, std::string_view cause);
    void vanish(std::string_view cause);  // without a word
    void hand_over(std::uint64_t key);
    void leave();
    void part();  // with its session

    void fire_will();  // where it is not for the session to wait with it

    template <class Packet>
    bool send(const Packet& packet);  // false: larger than the client takes
    void flush();                     // what a cork holds back
    void send_answers();
    void answered();  // one less outstanding
    void hold_back_or_go_on();
    void watch();  // sets the alarm for what comes first of the following
    Instant silent_until() const;
    Instant unfinished_until() const;
    Instant unread_until() const;

    Listener& listener_;
    std::unique_ptr<net::Transport> transport_;
    portillon::mqtt::Framer framer_;
    Ticket ticket_;
    Session* session_ = nullptr;  // while it is ours
    Cork* cork_ = nullptr;
    std::span<const std::byte> reading_;                // while greeting: the present piece,
    std::unique_ptr<std::vector<std::byte>> was_read_;  // and those before it, for whom it may belong to
    Unanswered unanswered_;
    Instant last_packet_{};
    Instant unfinished_since_ = never;                                       // a packet has begun and not ended
    Instant unread_since_ = never;                                           // the peer leaves too many answers unread
    std::uint32_t topic_aliases_ = 0;                                        // those that are set, a bit each
    std::uint32_t most_sent_bytes_ = portillon::mqtt::largest_packet_bytes;  // in a packet
    std::size_t unheard_bytes_ = 0;
    std::uint16_t keepalive_seconds_ = 0;
    std::uint16_t outstanding_ = 0;  // what the receive maximum counts (MQTT 5.0, 4.9)
    portillon::mqtt::Version version_ = portillon::mqtt::Version::v5;
    State state_ = State::greeting;
    Pausing pausing_ = Pausing::none;
    enum class Will : std::uint8_t { none, left, delayed } will_ = Will::none;
    enum class Origin : std::uint8_t { accepted, adopted } origin_ = Origin::accepted;
};

}  // namespace portillon::server::mqtt
