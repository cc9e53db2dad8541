#pragma once

// What the machine and this process have: asked of the kernel, when it is asked for.

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/units.h"

namespace portillon::host {

// Raises the soft limit of descriptors to the hard one and returns it.
std::uint64_t raise_descriptor_limit();

unsigned cores();  // that this process may run on
std::string cpu_model();
std::string kernel_release();  // "Linux 6.1.0"
unsigned ports_per_address();  // ephemeral ones

// Of this process, all threads, user and system.
Nanos cpu_used();
// Of the whole machine since it started, idle and waiting for the disk apart.
Nanos machine_cpu_used();
// Resident now. 0 if the process is gone.
Bytes resident(pid_t pid);
// Of that, what it shares with nobody: neither code nor files nor memory in common. 0 if the process is gone.
Bytes resident_alone(pid_t pid);
// Connections of this machine that found a listen queue full, since it started.
std::uint64_t listen_overflows();
// The wall clock minus the monotonic one: moves only when somebody sets the clock.
Nanos clock_offset();

std::string utc_now();  // "2026-01-31T12:00:00Z"

}  // namespace portillon::host
