#pragma once

// The timeline of a run's network faults: what happens to an equipment at an instant, and when that changes next. Pure;
// instants are since T0, and nothing happens before T0.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/units.h"
#include "faults/network_fault.h"

namespace portillon::faults {

inline constexpr double unlimited = std::numeric_limits<double>::infinity();

// The condition of the network between an equipment and the server. If several faults are active, the worst value
// holds; delays add up.
struct Condition {
    Nanos delay{}, jitter{};  // of each piece of bytes, in each direction
    double up_bytes_per_s = unlimited;
    double down_bytes_per_s = unlimited;
    bool reads_slowly = false;  // the reader limits `down`: bytes that it has not read wait in the server
    bool up_silent = false, down_silent = false;
    std::optional<std::uint32_t> refused_by = {}, hung_by = {};  // place of the fault that makes dials fail, or hang

    bool plain() const {
        return delay == Nanos{0} && jitter == Nanos{0} && up_bytes_per_s == unlimited &&
               down_bytes_per_s == unlimited && !up_silent && !down_silent;
    }
    bool operator==(const Condition&) const = default;
};

// A blow is what a fault does at an instant to the connections that are open then.
struct Blow {
    enum class Kind : std::uint8_t { reset, half_open } kind{};
    std::uint32_t fault = 0;  // the fault's place in the list
    bool operator==(const Blow&) const = default;
};

class NetworkFaults {
public:
    static constexpr Nanos at_no_time = Nanos::max();

    NetworkFaults() = default;
    NetworkFaults(std::vector<NetworkFault> faults, std::uint64_t seed);

    std::span<const NetworkFault> list() const& { return faults_; }
    bool hits(std::uint32_t fault, EquipmentId equipment) const {
        return faults::hits(faults_[fault], seed_, equipment);
    }
    bool spares(EquipmentId equipment) const;  // whether no fault ever hits the equipment

    Condition at(EquipmentId equipment, Nanos now) const;

    // The first instant after `now` at which the condition may differ or a blow falls; at_no_time if there is none.
    Nanos next_change(EquipmentId equipment, Nanos now) const;

    // The blow that falls in (after, until] on open connections, if any; if several do, a reset.
    std::optional<Blow> blow(EquipmentId equipment, Nanos after, Nanos until) const;

    // Whether the fault acts on this equipment at `now`. Never true of faults that only deal blows (reset, half_open).
    bool active(std::uint32_t fault, EquipmentId equipment, Nanos now) const;

    // A random number in [0, 1) for the n-th piece of an equipment's bytes, from which its jitter is made.
    double draw(EquipmentId equipment, std::uint64_t n) const;

private:
    // The cycle of a flapping fault that contains `now`.
    struct Cycle {
        Nanos begin{}, down_from{}, down_to{}, end{};
    };
    Cycle cycle(const NetworkFault& fault, EquipmentId equipment, Nanos now) const;
    // Whether this fault deals a blow in (after, until].
    bool strikes(const NetworkFault& fault, EquipmentId equipment, Nanos after, Nanos until) const;

    std::vector<NetworkFault> faults_;
    std::uint64_t seed_ = 0;
};

}  // namespace portillon::faults
