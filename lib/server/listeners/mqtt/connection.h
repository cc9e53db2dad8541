#pragma once

// The server's end of one MQTT connection: its transport, its deadlines, and ingest's decisions for it. The protocol's
// rules are in mqtt::ServerConnection.

#include <memory>
#include <string>
#include <string_view>

#include "mqtt/server_connection.h"
#include "server/listeners/mqtt/listener.h"

namespace portillon::server::listeners::mqtt {

class Connection final : private net::Transport::Reader,
                         private net::Deferred,
                         private Alarm,
                         private portillon::mqtt::ServerConnection::Events {
public:
    // The exchange of a ticket is one of three: a number of the connection's own; with the top bit set, a packet
    // identifier of a session (QoS 2); or `no_answer`.
    static constexpr std::uint64_t asked_by_session = std::uint64_t{1} << 63;
    static constexpr std::uint64_t no_answer = ~std::uint64_t{0};

    Connection(Listener& listener, std::unique_ptr<net::Transport> transport, const Ticket& ticket);
    ~Connection() override;

    bool is_claiming() const { return protocol_.state() == Protocol::State::claiming; }  // waits for a session
    // The client has got its session. If another shard has yet to decide about a message of this session, reading waits
    // for go_on(): what the client sends now must not overtake what it sent there.
    void welcome(const Sessions::Claim& claim);
    void go_on();
    void be_superseded();  // another connection of the same client has claimed the session that this one waits for
    void decided(std::uint64_t number, Disposition disposition);
    void take_over(Sessions::Present present);  // another connection has its session now, or a new one
    void give_session_up();                     // to another shard: it is released before this returns
    void stop();                                // with a DISCONNECT, once every message received is answered
    void close_abruptly();                      // closes without a DISCONNECT

private:
    using Protocol = portillon::mqtt::ServerConnection;
    // Why nothing is read. A paused connection does not notice that its peer has left: its will and its place wait, a
    // take-over does not.
    enum class Pausing : std::uint8_t { none, waiting, unanswered, unsent };
    class Cork;

    void received(std::span<const std::byte> bytes) override;
    void ended(const error_code& cause) override;
    void drained() override;
    void run() override;
    void ring(Instant now) override;

    void connecting(const Protocol::Claim& claim) override;
    std::string make_client_id() override { return listener_.make_client_id(); }
    void published(wire::mqtt::Payload payload, wire::mqtt::Qos qos, std::uint64_t exchange) override;
    void refused(std::string_view cause) override { listener_.figures_.refused.add(cause); }
    void answerable() override { listener_.loop_.later(*this); }
    void leaves(std::string_view cause) override;
    void leaves_without_packet(std::string_view cause) override;

    Session* session() const { return static_cast<Session*>(protocol_.session()); }  // nullptr: it has none
    void take_unheard(std::size_t bytes);
    void release_session();
    void fire_will();  // unless the session is to wait with it

    void flush();  // sends what a cork holds back
    void note_progress(std::uint32_t packets_before);
    void hold_back_or_go_on();
    void watch();  // sets the alarm for the earliest of the three deadlines below
    Instant silent_until() const;
    Instant unfinished_until() const;
    Instant unread_until() const;

    Listener& listener_;
    std::unique_ptr<net::Transport> transport_;
    Protocol protocol_;
    Ticket ticket_;
    Cork* cork_ = nullptr;
    Instant last_packet_{};
    Instant unfinished_since_ = never;  // a packet has begun and not ended
    Instant unread_since_ = never;      // too many answers wait in our send buffer
    std::uint32_t unheard_bytes_ = 0;
    Pausing pausing_ = Pausing::none;
};

}  // namespace portillon::server::listeners::mqtt
