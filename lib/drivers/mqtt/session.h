#pragma once

// One equipment's MQTT session: a ClientConnection on a transport, and the state that the next connection resumes.
//
// Batches offered in one turn of the loop leave in one write, encoded in place into a buffer that the driver's sessions
// share. Back pressure: while the kernel has not taken all of it, or the server's receive maximum is reached, further
// batches wait here, unencoded.
//
// abandon(): MQTT forbids sending a message again on a living connection (4.4), so the whole connection is dropped,
// unless the batch was never written.
//
// After a break the batches in flight are settled as broken and kept: their packet identifiers, and the progress of QoS
// 2. If the server has kept the session as well, a batch that is offered again continues where it was: with a PUBLISH
// with DUP and the same identifier, or with a PUBREL; in the order of the first time. If the server has not, the batch
// begins anew; at QoS 2 it may then arrive twice.
//
// The session that the server keeps must not outlive the run. In version 5 the DISCONNECT of close() ends it
// (3.14.2.2.2). 3.1.1 has no such packet, and an equipment that is offline cannot send one: forget() connects once
// more, with a clean start (clean session) and no expiry, so that the kept session is discarded at once, and the new
// one with its connection (5.0, 3.1.2.4 and 3.1.2.11.2; 3.1.1, 3.1.2.4).
//
// A second acknowledgement, or one of a message never sent, settles nothing and ends nothing: it is reported as stray.

#include <memory>
#include <string>
#include <vector>

#include "driver/stream_session.h"
#include "drivers/mqtt/flight.h"
#include "drivers/mqtt/keep_alive.h"
#include "drivers/mqtt/options.h"
#include "mqtt/client_connection.h"

namespace portillon::drivers::mqtt {

// State that the sessions of one driver share. Outlives them.
class Common : public driver::StreamCommon {
public:
    Common(net::Loop& its_loop, net::Dialer& its_dialer, Options its_options, RunId its_run);

    // The result of each is valid until the next call of either.
    std::string_view topic_of(EquipmentId equipment);
    // passing: the session that the server makes ends with the connection.
    enum class Stay : std::uint8_t { as_options_say, passing };
    std::span<const std::byte> connect_packet(EquipmentId equipment, portillon::mqtt::Start start, Stay stay);
    wire::mqtt::Properties topic_alias() const { return topic_alias_.view(); }
    std::span<const std::byte> disconnect_packet(wire::mqtt::Reason reason);
    std::span<const std::byte> farewell_packet();  // ends the session in version 5

    const Options options;
    const RunId run;
    Pool<Flight> flights;

private:
    wire::mqtt::PropertyList connect_properties_;
    wire::mqtt::PropertyList passing_properties_;
    wire::mqtt::PropertyList farewell_properties_;
    wire::mqtt::PropertyList topic_alias_;
    std::string topic_;
    EquipmentId topic_of_{};
};

class Session final : public driver::StreamSession,
                      private portillon::mqtt::ClientConnection::Events,
                      private KeepAlive {
public:
    Session(Common& common, EquipmentId equipment, driver::Receipts& receipts);
    ~Session() override;

    void offer(const driver::Batch& batch) override;
    void abandon(Sequence first) override;
    bool is_kept() const override { return kept_by_server_; }
    net::Task<error_code> forget(Instant deadline) override;

private:
    void greet() override;
    void opened() override;
    void take(std::span<const std::byte> bytes) override;
    void write() override;
    void break_all() override;
    driver::Settled take_settled() override;
    void say_goodbye() override;
    void parted(Goodbye goodbye) override;
    void gone() override;
    void drained() override;

    void connected(const portillon::mqtt::Terms& terms) override;
    void answered(wire::mqtt::PacketType type, std::uint16_t packet_id, wire::mqtt::Reason reason) override;
    void acknowledge(wire::mqtt::PacketType type, std::uint16_t packet_id, wire::mqtt::Reason reason) override;
    void pinged() override;
    void said(const error_code& cause, std::string_view words) override { receipts().said(cause, words); }
    Timers& timers() override { return common_.loop.timers(); }
    void ping() override;
    void ping_unanswered() override;

    void answered_stray(wire::mqtt::PacketType type, std::uint16_t packet_id, wire::mqtt::Reason reason);
    void finish(std::uint16_t packet_id, Flight::End end, wire::mqtt::Reason reason);
    void fail(const error_code& error);

    wire::mqtt::Publish publish_of(const Flight& flight, wire::mqtt::Properties properties);
    bool fits(std::size_t payload_bytes);
    struct Filling;  // the state of one write
    void fill(Filling& into);
    bool append(Flight& flight, Filling& into);
    bool append_publish(Flight& flight, Filling& into);
    bool identify(Flight& flight, const Filling& into);

    void settle(Flight& flight, Flight::End end, Instant now);
    void settle_copy(const Flight& flight, Flight::End end, Instant now);
    void keep(const Flight& flight);
    void forget_kept();
    void give_back_all(Flights& list);
    driver::Outcome outcome_of(const Flight& flight) const;

    Common& common_;
    portillon::mqtt::ClientConnection connection_;
    Flights waiting_;    // not sent yet
    Flights kept_;       // of former connections, in the order of the first sending
    Flights in_flight_;  // in the order in which they were sent on this connection
    Flights settled_;    // but Receipts not told yet
    std::uint32_t most_packet_bytes_ = 0;
    std::uint32_t answers_bytes_ = 0;   // in the shared buffer, while receiving
    std::uint32_t sent_ = 0;            // how many flights this session ever sent
    std::uint16_t ids_known_free_ = 0;  // so many identifiers after last_packet_id_
    std::uint16_t receive_maximum_ = 0;
    std::uint16_t outstanding_ = 0;  // counted against the receive maximum (MQTT 5.0, 4.9)
    std::uint16_t last_packet_id_ = 0;
    portillon::mqtt::Start start_ = portillon::mqtt::Start::clean;  // resume: the server may have kept the session
    enum class Alias : std::uint8_t { none, allowed, set } alias_ = Alias::none;
    enum class Reading : std::uint8_t { on, paused } reading_ = Reading::on;
    Common::Stay stay_ = Common::Stay::as_options_say;
    bool kept_by_server_ = false;  // possibly: a CONNECT that asks for it was not refused, and nothing has ended it
    bool kept_before_ = false;     // the same, before the last CONNECT
    bool said_goodbye_ = false;    // on this connection
};

}  // namespace portillon::drivers::mqtt
