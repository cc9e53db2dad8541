#pragma once

// The machines that a run takes place on, by what the processes on them tell: how busy they were, whether somebody set
// their clock, whether connections found a full listen queue. Pure.

#include <cstdint>
#include <map>
#include <string>

#include "host/facts.h"

namespace portillon::run {

struct MachineUse {
    double cpu_share = 0;                // of the busiest machine, since T0; 0..1
    Nanos clock_step{};                  // of the wall clock that moved most against the monotonic one, since T0
    std::uint64_t listen_overflows = 0;  // of all machines, since before the first dial
};

class Machines {
public:
    // Before T0.
    void prepared(const host::Facts& facts);
    // From T0 on; the first facts of a machine are those that the later ones are compared with.
    void running(const host::Facts& facts);

    bool knows(const std::string& machine) const { return machines_.contains(machine); }
    // Of a machine that has said something only once, nothing.
    MachineUse use() const;

private:
    struct Machine {
        host::Facts before, at_t0, latest;
        bool running = false;
    };
    std::map<std::string, Machine> machines_;
};

}  // namespace portillon::run
