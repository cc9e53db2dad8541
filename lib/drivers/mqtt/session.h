#pragma once

// One equipment's MQTT connection: a ClientConnection on a transport.
//
// What is offered in one turn of the loop leaves in one write, encoded in place into a buffer that the driver's
// sessions share. While the kernel has not taken all of it, or the server's receive maximum is reached, further batches
// wait here, unencoded.
//
// abandon(): MQTT forbids resending on a living connection (4.4), so the whole connection is dropped, unless the batch
// was never written. A PUBACK for a packet that is not in flight breaks the session as well: a server that acknowledges
// what it was not sent cannot be believed about the rest.

#include <memory>
#include <string>
#include <vector>

#include "driver/driver.h"
#include "drivers/mqtt/client_connection.h"
#include "drivers/mqtt/flight.h"
#include "drivers/mqtt/options.h"
#include "net/dialer.h"
#include "net/loop.h"
#include "net/wakeup.h"

namespace portillon::mqtt {

// What the sessions of one driver share. Outlives them.
class Common {
public:
    Common(net::Loop& its_loop, net::Dialer& its_dialer, Options its_options, RunId its_run);

    // Each valid until the next call of either.
    std::string_view topic_of(EquipmentId equipment);
    std::span<const std::byte> connect_packet(EquipmentId equipment);

    net::Loop& loop;
    net::Dialer& dialer;
    const Options options;
    const RunId run;
    Flights flights;
    std::vector<std::byte> out;  // one connection's packets on their way to its transport

private:
    PropertyList connect_properties_;
    std::string topic_;
    EquipmentId topic_of_{};
};

class Session final : public driver::Session,
                      private ClientConnection::Events,
                      private net::Transport::Reader,
                      private net::Deferred,
                      private Alarm {
public:
    Session(Common& common, EquipmentId equipment, driver::Receipts& receipts);
    ~Session() override;

    net::Task<error_code> open(Instant deadline) override;
    void offer(const driver::Batch& batch) override;
    void abandon(Sequence first) override;
    net::Task<void> close(Instant deadline) override;

private:
    // greeted: the CONNACK has come, and open() is about to go on. broken: Receipts are about to hear of it.
    enum class State : std::uint8_t { closed, opening, greeted, open, broken, closing };

    void connected(const Terms& terms) override;
    void acknowledged(std::uint16_t packet_id, Reason reason) override;
    void pinged() override;
    void received(std::span<const std::byte> bytes) override;
    void ended(const error_code& cause) override;
    void drained() override;
    void run() override;
    void ring(Instant now) override;

    Publish publish_of(const Flight& flight);
    void flush();
    std::size_t fill(FlightQueue& filled);
    bool may_send() const;
    void settle(Flight& flight, Flight::End end, Instant now);
    void settle_all_broken();
    bool deliver(const Flight* last);
    driver::Outcome outcome_of(const Flight& flight) const;
    void lost(const error_code& cause);

    Common& common_;
    driver::Receipts& receipts_;
    std::unique_ptr<net::Transport> transport_;
    std::unique_ptr<net::Wakeup> changed_;  // while open() or close() waits
    bool* destroyed_ = nullptr;             // while somebody needs to know
    ClientConnection connection_;
    FlightQueue waiting_;
    FlightQueue in_flight_;  // in the order in which they were sent; packet identifiers rise
    FlightQueue settled_;    // and not delivered yet
    error_code cause_;       // of the last break
    Instant last_written_{};
    EquipmentId equipment_;
    std::uint32_t most_packet_bytes_ = 0;
    std::uint16_t receive_maximum_ = 0;
    std::uint16_t outstanding_ = 0;
    std::uint16_t last_packet_id_ = 0;
    std::uint16_t keepalive_seconds_ = 0;
    State state_ = State::closed;
    enum class Ping : std::uint8_t { none, awaited } ping_ = Ping::none;
};

}  // namespace portillon::mqtt
