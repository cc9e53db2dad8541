#pragma once

// The total time that this thread was ready to run and had no processor, from the kernel's /proc/thread-self/schedstat
// (Linux, Documentation/scheduler/sched-stats, the second number).

#include <optional>

#include "base/units.h"

namespace portillon::net {

class ProcessorWait {
public:
    ProcessorWait();  // measures the thread that constructs it
    ~ProcessorWait();
    ProcessorWait(const ProcessorWait&) = delete;
    ProcessorWait& operator=(const ProcessorWait&) = delete;

    std::optional<Nanos> total() const;  // nothing if this kernel does not provide it

private:
    int descriptor_;
};

}  // namespace portillon::net
