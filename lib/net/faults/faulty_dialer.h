#pragma once

// The network's faults as a decorator of dialer and transports: what a driver sees of a way that is slow, silent or
// broken. In the generator's own process: nothing stands between, and nothing needs a right.
//
// As TCP would have it. Bytes keep their order and none is lost while a connection lives: what was written or sent to
// us in a silence comes through at its end. What is closed meanwhile leaves nothing at the server until then. A sender
// whose way is slow meets unsent() above the kernel's buffer, a server that is read slowly meets a full window, for
// what nobody reads stays in the socket. A connection whose far end is gone (half_open) is reset for the server; here
// everything written vanishes, and nothing comes any more.
//
// Equipments that no fault ever hits get the transports of the dialer below, undecorated.

#include <cstdint>
#include <memory>
#include <vector>

#include "faults/network_faults.h"
#include "net/dialer.h"
#include "net/loop.h"

namespace portillon::net {

// What a fault did.
struct Injected {
    std::uint64_t connections = 0;  // living ones that it struck, each counted once (by flapping and resets: each time)
    std::uint64_t dials_refused = 0;
    std::uint64_t dials_hung = 0;  // until their deadline
    bool operator==(const Injected&) const = default;
};

class FaultyDialer final : public Dialer {
public:
    // All outlive it. Nothing happens before start().
    FaultyDialer(Loop& loop, Dialer& inner, const faults::NetworkFaults& faults);
    ~FaultyDialer() override;  // after its transports; closes what still lingers
    FaultyDialer(const FaultyDialer&) = delete;

    void start(Instant t0);

    std::unique_ptr<Transport> dial(EquipmentId equipment) override;

    // By the faults' places.
    const std::vector<Injected>& injected() const;

private:
    friend class Way;
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace portillon::net
