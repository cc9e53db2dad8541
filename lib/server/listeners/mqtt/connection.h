#pragma once

// The server's end of one MQTT connection.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/listeners/mqtt/listener.h"
#include "server/listeners/mqtt/unanswered.h"

namespace portillon::server::mqtt {

class Connection final : private net::Transport::Reader, private net::Deferred, private Alarm {
public:
    Connection(Listener& listener, std::unique_ptr<net::Transport> transport, Ticket ticket);
    ~Connection() override;

    void decided(std::uint64_t exchange, const Decision& decision);
    void take_over();  // its client identifier now belongs to another connection
    void stop();

private:
    // draining: nothing more is taken in, but answers are still owed. leaving: our end is shut, the peer's is awaited.
    enum class State : std::uint8_t { greeting, connected, draining, leaving };
    enum class Pausing : std::uint8_t { none, unanswered, unsent };

    void received(std::span<const std::byte> bytes) override;
    void ended(const error_code& cause) override;
    void drained() override;
    void run() override;
    void ring(Instant now) override;

    void take(const portillon::mqtt::Frame& frame);
    void take_connect(const portillon::mqtt::Frame& frame);
    void take_publish(const portillon::mqtt::Frame& frame);
    void take_subscribe(const portillon::mqtt::Frame& frame);
    void take_disconnect(const portillon::mqtt::Frame& frame);
    portillon::mqtt::Reason objection(const portillon::mqtt::Connect& packet) const;
    portillon::mqtt::Reason objection(const portillon::mqtt::Publish& packet) const;

    // All of these but greet() end in the state leaving; the connection is destroyed later, from the loop.
    void greet(const portillon::mqtt::Connect& packet);
    void turn_away(portillon::mqtt::Reason reason);                      // with a CONNACK
    void close(portillon::mqtt::Reason reason, std::string_view cause);  // with a DISCONNECT, if the version has one
    void close(portillon::mqtt::Reason reason);
    void vanish(std::string_view cause);  // without a word
    void leave();

    void fire_will();

    template <class Packet>
    void send(const Packet& packet);
    void send_answers();
    void hold_back_or_go_on();
    void await_packet();
    std::optional<Nanos> patience() const;

    Listener& listener_;
    std::unique_ptr<net::Transport> transport_;
    portillon::mqtt::Framer framer_;
    Ticket ticket_;
    const std::string* client_id_ = nullptr;  // the listener's copy, while it is ours
    Unanswered unanswered_;
    Instant last_packet_{};
    std::uint16_t keepalive_seconds_ = 0;
    portillon::mqtt::Version version_ = portillon::mqtt::Version::v5;
    State state_ = State::greeting;
    Pausing pausing_ = Pausing::none;
    enum class Will : std::uint8_t { none, left } will_ = Will::none;
};

}  // namespace portillon::server::mqtt
