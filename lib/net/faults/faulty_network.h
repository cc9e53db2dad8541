#pragma once

// State that the connections of one FaultyDialer share: the faults on the run's clock, the counts of what they did, and
// the connections' memory.

#include <list>
#include <memory>
#include <vector>

#include "faults/network_faults.h"
#include "net/faults/faulty_connection.h"
#include "net/faults/injected.h"
#include "net/loop.h"

namespace portillon::net::faults {

class FaultyNetwork final : private Deferred {
public:
    FaultyNetwork(Loop& loop, const portillon::faults::NetworkFaults& faults);
    ~FaultyNetwork() override;  // after the transports of its connections; drops what is still unsent

    void start(Instant t0);

    // The connection lives until it calls finished().
    FaultyConnection& add(EquipmentId equipment, std::unique_ptr<Transport> inner);
    // Destroys `connection` at the end of the loop's turn, for it may be on the stack now. Called once for each.
    void finished(FaultyConnection& connection);

    Loop& loop() { return loop_; }
    const portillon::faults::NetworkFaults& faults() const { return faults_; }
    Injected& injected(std::uint32_t fault) { return injected_[fault]; }
    const std::vector<Injected>& injected() const { return injected_; }

    // Before T0 no fault has begun: -1 ns.
    Nanos since_t0(Instant now) const { return t0_ == never || now < t0_ ? Nanos{-1} : now - t0_; }
    Instant instant_of(Nanos since_t0) const {
        return t0_ == never || since_t0 == portillon::faults::NetworkFaults::at_no_time ? never : t0_ + since_t0;
    }

private:
    void run() override;

    Loop& loop_;
    const portillon::faults::NetworkFaults& faults_;
    std::vector<Injected> injected_;
    Instant t0_ = never;
    FaultyConnections connections_;
    std::vector<FaultyConnection*> finished_;
};

}  // namespace portillon::net::faults
