#pragma once

// A fault of the way between equipments and server, as a scenario plans it. Which equipments suffer, and everything
// random about it, is a pure function of (seed, number, equipment).

#include <cstdint>
#include <limits>

#include "base/units.h"
#include "faults/kinds.h"

namespace portillon::faults {

enum class Direction : std::uint8_t { up, down };  // up: what the equipment sends

struct NetworkFault {
    std::uint32_t number = 0;   // its place in the scenario's list of faults
    Kind kind = Kind::latency;  // one of the network
    Nanos at{};                 // since T0
    Nanos length{};             // 0: at that instant only (reset, half_open)
    double share = 1;
    std::uint32_t first = 1, last = std::numeric_limits<std::uint32_t>::max();  // equipments, both included
    Nanos delay{}, jitter{};
    double bytes_per_s = 0;
    Nanos every{};
    Nanos up{}, down{};
    Direction direction = Direction::up;

    Nanos end() const { return at + length; }
    bool operator==(const NetworkFault&) const = default;
};

// Whether this equipment suffers: it is one of first..last, and its draw falls into the share.
bool hits(const NetworkFault& fault, std::uint64_t seed, EquipmentId equipment);

}  // namespace portillon::faults
