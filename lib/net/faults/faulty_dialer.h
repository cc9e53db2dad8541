#pragma once

// The network's faults as a decorator of dialer and transports: a driver sees a network that is slow, silent or broken.
// They happen inside the generator's process: no proxy stands between, and no privileges are needed.
//
// The faults keep to what TCP does. Bytes keep their order and none is lost while a connection lives: what either side
// sent during a silence arrives when it ends. If the driver closes during a silence, the server hears of it when it
// ends. A sender on a slow line meets unsent() beyond the kernel's send buffer; a server that is read slowly meets a
// closed receive window, because unread bytes stay in the socket. A half-open connection (half_open) is reset towards
// the server; on the driver's side everything written vanishes and nothing arrives any more.
//
// Equipments that no fault ever strikes get the transports of the dialer below, undecorated.

#include <memory>
#include <vector>

#include "faults/network_faults.h"
#include "net/dialer.h"
#include "net/faults/injected.h"
#include "net/loop.h"

namespace portillon::net::faults {

class FaultyNetwork;

class FaultyDialer final : public Dialer {
public:
    // `loop`, `inner` and `faults` outlive the dialer. No fault begins before start().
    FaultyDialer(Loop& loop, Dialer& inner, const portillon::faults::NetworkFaults& faults);
    ~FaultyDialer() override;  // after its transports and their dials; drops what is still to be sent
    FaultyDialer(const FaultyDialer&) = delete;

    void start(Instant t0);

    std::unique_ptr<Transport> dial(EquipmentId equipment) override;

    // The effects of each fault, in the order of the list of faults.
    const std::vector<Injected>& injected() const;

private:
    Dialer& inner_;
    std::unique_ptr<FaultyNetwork> network_;  // owns the connections
};

}  // namespace portillon::net::faults
