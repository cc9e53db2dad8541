#pragma once

// A fault of the network between equipments and server, as a scenario plans it. Which equipments it hits, and
// everything random about it, is a pure function of (seed, number, equipment).

#include <cstdint>
#include <limits>

#include "base/units.h"
#include "faults/kinds.h"

namespace portillon::faults {

enum class Direction : std::uint8_t { up, down };  // up: from the equipment to the server

struct NetworkFault {
    std::uint32_t number = 0;   // its place in the scenario's list of faults
    Kind kind = Kind::latency;  // a kind of the network
    Nanos at{};                 // since T0
    Nanos length{};             // 0: the fault is an instant (reset, half_open)
    double share = 1;           // share of the equipments first..last that it hits
    std::uint32_t first = 1, last = std::numeric_limits<std::uint32_t>::max();  // equipments, both included
    Nanos delay{}, jitter{};
    double bytes_per_s = 0;
    Nanos every{};
    Nanos up{}, down{};
    Direction direction = Direction::up;

    Nanos end() const { return at + length; }
    bool operator==(const NetworkFault&) const = default;
};

// Whether it is of the network and has what its kind cannot do without: flapping an up and a down, a rate its bytes.
bool is_possible(const NetworkFault& fault);

// Whether the fault hits this equipment: it is one of first..last, and its random draw lies within the share.
bool hits(const NetworkFault& fault, std::uint64_t seed, EquipmentId equipment);

}  // namespace portillon::faults
