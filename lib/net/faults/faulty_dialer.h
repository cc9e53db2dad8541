#pragma once

// The network's faults as a decorator of dialer and transports: what a driver sees of a network that is slow, silent or
// broken. In the generator's own process: nothing stands between, and nothing needs a right.
//
// As TCP would have it. Bytes keep their order and none is lost while a connection lives: what either side sent in a
// silence comes through at its end. If the driver closes in a silence, the server hears of it at its end. A sender
// whose line is slow meets unsent() above the kernel's buffer, a server that is read slowly meets a full window, for
// what nobody reads stays in the socket. A connection whose far end is gone (half_open) is reset for the server; here
// everything written vanishes, and nothing comes any more.
//
// Equipments that no fault ever hits get the transports of the dialer below, undecorated.

#include <memory>
#include <vector>

#include "faults/network_faults.h"
#include "net/dialer.h"
#include "net/faults/injected.h"
#include "net/loop.h"

namespace portillon::net {

class FaultyNetwork;

class FaultyDialer final : public Dialer {
public:
    // All outlive it. Nothing happens before start().
    FaultyDialer(Loop& loop, Dialer& inner, const faults::NetworkFaults& faults);
    ~FaultyDialer() override;  // after its transports and their dials; closes what is still to be sent
    FaultyDialer(const FaultyDialer&) = delete;

    void start(Instant t0);

    std::unique_ptr<Transport> dial(EquipmentId equipment) override;

    // By the faults' places.
    const std::vector<Injected>& injected() const;

private:
    Dialer& inner_;
    std::unique_ptr<FaultyNetwork> network_;  // the connections are its own
};

}  // namespace portillon::net
