#pragma once

// A connection under faults: it stands between a driver's transport above and the dialer's transport below, with a
// Direction for each way. It outlives the transport above while bytes written are still in flight, or a dial is.

#include <cstddef>
#include <list>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/timers.h"
#include "faults/network_faults.h"
#include "net/faults/direction.h"
#include "net/task.h"
#include "net/transport.h"
#include "net/wakeup.h"

namespace portillon::net::faults {

class FaultyConnection;
class FaultyNetwork;
using FaultyConnections = std::list<FaultyConnection>;

class FaultyConnection final : private Transport::Reader, private Alarm {
public:
    FaultyConnection(FaultyNetwork& network, EquipmentId equipment, std::unique_ptr<Transport> inner);

    // These have the contracts of Transport's functions of the same names.
    Task<error_code> connect(Instant deadline);
    void start(Transport::Reader& reader);
    void write(std::span<const std::byte> bytes);
    std::size_t unsent() const;
    void pause();
    void resume();
    void shut();

    // An orderly close still sends what a kernel's send buffer would have taken, and drops the rest; a reset drops
    // everything.
    enum class Close : std::uint8_t { orderly, reset };
    void close(Close how);

    void disown();         // the transport above is destroyed
    void clock_started();  // T0 is known
    bool is_in_use() const { return owned_ || dialling_; }

    FaultyConnections::iterator place;  // in the network's list

private:
    // unconnected: not dialled yet, or the dial has failed. closing: the transport above is closed, and what the kernel
    // would have taken is still in flight.
    enum class Life : std::uint8_t { unconnected, open, closing, closed };

    bool is_closed() const { return life_ >= Life::closing; }
    void finish();

    Task<error_code> dial(Instant deadline);
    Task<void> wait_until(Instant instant);
    void establish();
    void refresh(Instant now);
    void count_struck(Nanos seen, Nanos since);
    void apply_blow(portillon::faults::Blow::Kind blow);
    Nanos lag();

    void received(std::span<const std::byte> bytes) override;
    void ended(const error_code& cause) override;
    void drained() override;
    void ring(Instant now) override;

    void send_on(Instant now);
    void end_sending(Instant now);
    void hand_on(Instant now);
    void leave();
    bool wants_to_read() const;
    void set_back_pressure();
    void set_alarm();

    FaultyNetwork& network_;
    const EquipmentId equipment_;
    std::unique_ptr<Transport> inner_;     // nullptr: the far end is gone, or everything has been sent
    Transport::Reader* reader_ = nullptr;  // nullptr: not started, or closed
    Wakeup changed_;
    portillon::faults::Condition condition_;
    Nanos seen_{-1};  // since T0; the faults up to then have been applied
    Instant change_at_ = never;
    Direction up_{portillon::faults::Direction::up};
    Direction down_{portillon::faults::Direction::down};
    error_code end_cause_;      // the cause of the end that follows the bytes of `down_`
    std::uint64_t pieces_ = 0;  // that had a delay, both ways: the draws of the jitter so far
    Life life_ = Life::unconnected;
    Close end_as_ = Close::orderly;
    bool owned_ = true;      // the transport above exists
    bool dialling_ = false;  // connect() has not completed
    bool paused_ = false;    // the reader above has called pause()
    bool reading_ = true;    // what the transport below was told last: resume(), not pause()
};

}  // namespace portillon::net::faults
