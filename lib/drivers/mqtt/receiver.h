#pragma once

// An MQTT session that only receives: it subscribes, and hands every message to an Inbox.
//
//     open(): CONNECT, CONNACK, SUBSCRIBE, SUBACK
//
// A server that has kept the session knows the subscriptions that it has granted, so they are made again only if they
// were never granted, or if CONNACK says that there is no session. A message is acknowledged after the inbox has taken
// it; acknowledgements of one turn leave in one write. At QoS 2 a message that comes again before its PUBREL, also on a
// next connection, is not handed on (4.3.3, method A).
//
// Back pressure: while the server leaves many of our acknowledgements unread, it is not read either.

#include <bitset>
#include <memory>
#include <string>
#include <vector>

#include "driver/inbox.h"
#include "drivers/mqtt/session.h"

namespace portillon::drivers::mqtt {

class Receiver final : public driver::StreamSession,
                       private portillon::mqtt::ClientConnection::Events,
                       private KeepAlive {
public:
    // The largest message, with its topic, that is taken. Announced in version 5; 3.1.1 cannot say it, and there a
    // larger one ends the connection.
    static constexpr std::uint32_t most_packet_bytes = 4 << 20;

    // The quality of service, the version and the keep-alive are those of the options.
    Receiver(Common& common, EquipmentId number, driver::Receipts& receipts, driver::Inbox& inbox,
             driver::Interest interest);

    void offer(const driver::Batch& batch) override;  // a programmer error
    void abandon(Sequence) override {}
    bool is_kept() const override { return kept_by_server_; }
    net::Task<error_code> forget(Instant deadline) override;

private:
    void greet() override;
    void opened() override { KeepAlive::begin(); }
    void take(std::span<const std::byte> bytes) override;
    void write() override {}
    void break_all() override {}
    driver::Settled take_settled() override;
    void say_goodbye() override;
    void parted(Goodbye goodbye) override;
    void gone() override;
    void drained() override;

    void connected(const portillon::mqtt::Terms& terms) override;
    void delivered(const wire::mqtt::Publish& message) override;
    void subscribed(std::uint16_t packet_id, std::span<const std::byte> reasons) override;
    void answered(wire::mqtt::PacketType type, std::uint16_t packet_id, wire::mqtt::Reason reason) override;
    void acknowledge(wire::mqtt::PacketType type, std::uint16_t packet_id, wire::mqtt::Reason reason) override;
    void pinged() override { ping_answered(); }
    void said(const error_code& cause, std::string_view words) override { receipts().said(cause, words); }

    Timers& timers() override { return common_.loop.timers(); }
    void ping() override;
    void ping_unanswered() override;

    bool is_lasting() const;
    void subscribe();
    void put(std::span<const std::byte> bytes);
    void fail(const error_code& error);

    Common& common_;
    driver::Inbox& inbox_;
    driver::Interest interest_;
    portillon::mqtt::ClientConnection connection_;
    std::bitset<65'536> unreleased_;  // identifiers of messages at QoS 2 that were received and not released
    std::vector<std::byte> answers_;  // of this turn
    bool subscribed_ = false;         // the server has granted all of it, for the session that it may keep
    bool passes_ = false;             // this connection only ends the session that the server keeps
    bool kept_by_server_ = false;     // possibly: a CONNECT that asks for it was not refused
    bool kept_before_ = false;        // the same, before the last CONNECT
    bool reads_ = true;
};

}  // namespace portillon::drivers::mqtt
