#pragma once

// What a machine says of itself while a run lasts: every process of a run tells it to the conductor, who may be on
// another machine. Counters and clocks only mean something as differences between two facts of one machine.

#include <cstdint>
#include <string>

#include "base/units.h"

namespace portillon::host {

struct Facts {
    std::string machine;                 // the same for all processes of a machine until it restarts
    unsigned cores = 1;                  // that the process may run on
    Instant at{};                        // on this machine's monotonic clock
    Nanos cpu_used{};                    // by everything on the machine since it started
    Nanos clock_offset{};                // the wall clock minus the monotonic one: moves when somebody sets the clock
    std::uint64_t listen_overflows = 0;  // connections that found a listen queue full, since the machine started
    bool operator==(const Facts&) const = default;
};

// Asks the kernel.
Facts look();

}  // namespace portillon::host
