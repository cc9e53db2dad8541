#pragma once

// Facts about the machine and this process. Each call asks the kernel.

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/units.h"

namespace portillon::host {

// Raises the soft limit of descriptors to the hard one and returns it.
std::uint64_t raise_descriptor_limit();

unsigned cores();  // the cores that this process may run on
std::string cpu_model();
std::string kernel_release();  // "Linux 6.1.0"
unsigned ports_per_address();  // the number of ephemeral ports

// CPU time of this process: all threads, user and system.
Nanos cpu_used();
// CPU time of the whole machine since it started, without idling and waiting for the disk.
Nanos machine_cpu_used();
// Resident memory of a process. 0 if the process is gone.
Bytes resident(pid_t pid);
// Resident memory that the process shares with nobody: no code, no files, no shared memory. 0 if the process is gone.
Bytes resident_alone(pid_t pid);
// Connections of this machine that found a listen queue full, since it started.
std::uint64_t listen_overflows();
// Wall clock minus monotonic clock: changes only when the wall clock is set.
Nanos clock_offset();

std::string utc_now();  // "2026-01-31T12:00:00Z"

}  // namespace portillon::host
