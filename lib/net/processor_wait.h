#pragma once

// How long this thread has been ready to run and had no processor, ever: what the kernel keeps of it in
// /proc/thread-self/schedstat (Linux, Documentation/scheduler/sched-stats, the second number).

#include <optional>

#include "base/units.h"

namespace portillon::net {

class ProcessorWait {
public:
    ProcessorWait();  // of the thread that constructs it
    ~ProcessorWait();
    ProcessorWait(const ProcessorWait&) = delete;
    ProcessorWait& operator=(const ProcessorWait&) = delete;

    std::optional<Nanos> total() const;  // nothing: this kernel does not say

private:
    int descriptor_;
};

}  // namespace portillon::net
