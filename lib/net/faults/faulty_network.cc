#include "net/faults/faulty_network.h"

#include "base/check.h"

namespace portillon::net::faults {

FaultyNetwork::FaultyNetwork(Loop& loop, const portillon::faults::NetworkFaults& faults)
    : loop_(loop), faults_(faults), injected_(faults.list().size()) {}

FaultyNetwork::~FaultyNetwork() {
    for (const auto& connection : connections_) {
        check(!connection.is_in_use(), "a dialer outlives its transports and their dials");
    }
}

void FaultyNetwork::start(Instant t0) {
    check(t0_ == never, "a run starts once");
    t0_ = t0;
    for (auto& connection : connections_) {
        connection.clock_started();
    }
}

FaultyConnection& FaultyNetwork::add(EquipmentId equipment, std::unique_ptr<Transport> inner) {
    auto& connection = connections_.emplace_front(*this, equipment, std::move(inner));
    connection.place = connections_.begin();
    return connection;
}

void FaultyNetwork::finished(FaultyConnection& connection) {
    finished_.push_back(&connection);
    loop_.later(*this);
}

void FaultyNetwork::run() {
    // Swapped first: the transport below may call back when it is destroyed.
    auto finished = std::exchange(finished_, {});
    for (const auto* connection : finished) {
        connections_.erase(connection->place);
    }
}

}  // namespace portillon::net::faults
