#pragma once

// The machines of a run, from the facts that the processes on them send: how busy they were, whether a wall clock was
// set, whether connections found a listen queue full. Pure.

#include <cstdint>
#include <map>
#include <string>

#include "host/facts.h"

namespace portillon::run {

struct MachineUse {
    double cpu_share = 0;                // CPU used on the busiest machine since T0; 0..1
    Nanos clock_step{};                  // the largest step of any wall clock against its monotonic clock since T0
    std::uint64_t listen_overflows = 0;  // on all machines together, since before the first dial
};

class Machines {
public:
    // Takes facts from before T0.
    void prepared(const host::Facts& facts);
    // Takes facts from T0 on. Later facts of a machine are compared with its first ones.
    void running(const host::Facts& facts);

    bool knows(const std::string& machine) const { return machines_.contains(machine); }
    // A machine that has sent facts only once since T0 is left out.
    MachineUse use() const;

private:
    struct Machine {
        host::Facts before, at_t0, latest;
        bool running = false;
    };
    std::map<std::string, Machine> machines_;
};

}  // namespace portillon::run
