#pragma once

// What the connections of one FaultyDialer have in common: the faults on the clock of the run, the count of what they
// did, and their memory.

#include <list>
#include <memory>
#include <vector>

#include "faults/network_faults.h"
#include "net/faults/faulty_connection.h"
#include "net/faults/injected.h"
#include "net/loop.h"

namespace portillon::net {

class FaultyNetwork final : private Deferred {
public:
    FaultyNetwork(Loop& loop, const faults::NetworkFaults& faults);
    ~FaultyNetwork() override;  // after the transports of its connections; closes those that still have to send

    void start(Instant t0);

    // Lives until it calls finished().
    FaultyConnection& add(EquipmentId equipment, std::unique_ptr<Transport> inner);
    // Destroys it at the end of the loop's turn, for it may still be at work. Once.
    void finished(FaultyConnection& connection);

    Loop& loop() { return loop_; }
    const faults::NetworkFaults& faults() const { return faults_; }
    Injected& injected(std::uint32_t fault) { return injected_[fault]; }
    const std::vector<Injected>& injected() const { return injected_; }

    // Before T0 nothing has happened: -1 ns.
    Nanos since_t0(Instant now) const { return t0_ == never || now < t0_ ? Nanos{-1} : now - t0_; }
    Instant instant_of(Nanos since_t0) const {
        return t0_ == never || since_t0 == faults::NetworkFaults::at_no_time ? never : t0_ + since_t0;
    }

private:
    void run() override;

    Loop& loop_;
    const faults::NetworkFaults& faults_;
    std::vector<Injected> injected_;
    Instant t0_ = never;
    FaultyConnections connections_;
    std::vector<FaultyConnection*> finished_;
};

}  // namespace portillon::net
