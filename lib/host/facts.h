#pragma once

// The state of a machine while a run lasts. Every process of a run sends it to the conductor, which may be on another
// machine. Counters and clocks only have a meaning as the difference between two Facts of one machine.

#include <cstdint>
#include <string>

#include "base/units.h"

namespace portillon::host {

struct Facts {
    std::string machine;                 // the same for all processes of a machine until it restarts
    unsigned cores = 1;                  // the cores that the process may run on
    Instant at{};                        // when the facts were taken, on this machine's monotonic clock
    Nanos cpu_used{};                    // by everything on the machine since it started
    Nanos clock_offset{};                // wall clock minus monotonic clock: changes when the wall clock is set
    std::uint64_t listen_overflows = 0;  // connections that found a listen queue full, since the machine started
    bool operator==(const Facts&) const = default;
};

// Takes the facts of this machine from the kernel.
Facts look();

}  // namespace portillon::host
