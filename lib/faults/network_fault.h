#pragma once

// A fault of the way between equipments and server, as a scenario plans it. Which equipments suffer, and everything
// random about it, is a pure function of (seed, number, equipment).

#include <cstdint>
#include <limits>

#include "base/units.h"

namespace portillon::faults {

enum class Kind : std::uint8_t {
    latency,    // every piece, in either direction, `delay` later, and up to `jitter` more; order is kept
    bandwidth,  // `bytes_per_s` in each direction
    cut,        // silence both ways; nothing is closed; dials hang. What is held flows again at its end
    reset,      // every connection at `at`; with a length again and again, `every` so long
    half_open,  // the far end of every connection at `at` is gone, and nobody is told
    refuse,     // dials fail at once; living connections stay
    flapping,   // down once in every `up` + `down`, at a drawn instant, for `down`: a reset, and dials are refused
    slow_read,  // the equipment reads `bytes_per_s`: what the server writes piles up
    one_way,    // silence in one direction; dials hang
};

enum class Direction : std::uint8_t { up, down };  // up: what the equipment sends

struct NetworkFault {
    std::uint32_t number = 0;  // its place in the scenario's list of faults
    Kind kind{};
    Nanos at{};      // since T0
    Nanos length{};  // 0: at that instant only (reset, half_open)
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
