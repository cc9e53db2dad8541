#pragma once

// A stats::Histogram in memory shared between processes: one writer records in place, any process reads a copy. All
// zeros is an empty one. A writer that is killed leaves at most one value half counted.

#include <array>

#include "server/figures.h"
#include "stats/histogram.h"

namespace portillon::server {

class SharedHistogram {
public:
    void record(Nanos value);
    // A copy; it may miss the newest values of a writer at work.
    stats::Histogram read() const;

private:
    Counter overflow_;
    Counter used_end_;   // one past the last bucket in use, so that readers touch no page beyond
    Counter min_, max_;  // in ns as two's complement; valid once any_ is set
    Counter any_;
    std::array<Counter, stats::Histogram::bucket_count> counts_;
};

}  // namespace portillon::server
