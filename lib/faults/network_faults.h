#pragma once

// The timeline of a run's network faults: what happens to an equipment at an instant, and when that changes next. Pure;
// instants are since T0, before which nothing happens.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/units.h"
#include "faults/network_fault.h"

namespace portillon::faults {

inline constexpr double unlimited = std::numeric_limits<double>::infinity();

// The way between an equipment and the server. Of several faults the worst holds; delays add up.
struct Condition {
    Nanos delay{}, jitter{};  // of each piece, each way
    double up_bytes_per_s = unlimited;
    double down_bytes_per_s = unlimited;
    bool reads_slowly = false;  // what limits `down` is the reader: what has not been read waits in the server
    bool up_silent = false, down_silent = false;
    std::optional<std::uint32_t> refused_by = {}, hung_by = {};  // dials fail at once, or hang: place of who does it

    bool plain() const {
        return delay == Nanos{0} && jitter == Nanos{0} && up_bytes_per_s == unlimited &&
               down_bytes_per_s == unlimited && !up_silent && !down_silent;
    }
    bool operator==(const Condition&) const = default;
};

// What happens to the connections that live at an instant.
struct Blow {
    enum class Kind : std::uint8_t { reset, half_open } kind{};
    std::uint32_t fault = 0;  // its place
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
    bool spares(EquipmentId equipment) const;  // none ever hits it

    Condition at(EquipmentId equipment, Nanos now) const;

    // The first instant after `now` at which the condition may differ or a blow falls; at_no_time if there is none.
    Nanos next_change(EquipmentId equipment, Nanos now) const;

    // What falls in (after, until] on the connections that live; of several a reset.
    std::optional<Blow> blow(EquipmentId equipment, Nanos after, Nanos until) const;

    // Whether the fault's window for this equipment holds `now`; never of those that last an instant.
    bool active(std::uint32_t fault, EquipmentId equipment, Nanos now) const;

    // In [0, 1), of the n-th piece on an equipment's way: what jitter is made of.
    double draw(EquipmentId equipment, std::uint64_t n) const;

private:
    // Of a flapping fault: the cycle that holds `now`.
    struct Cycle {
        Nanos begin{}, down_from{}, down_to{}, end{};
    };
    Cycle cycle(const NetworkFault& fault, EquipmentId equipment, Nanos now) const;
    // The last blow of this fault in (after, until], if any.
    bool strikes(const NetworkFault& fault, EquipmentId equipment, Nanos after, Nanos until) const;

    std::vector<NetworkFault> faults_;
    std::uint64_t seed_ = 0;
};

}  // namespace portillon::faults
