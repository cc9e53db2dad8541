#pragma once

// What the charts over time are drawn from: the intervals of a row's repeats as one, in as few columns as a screen can
// show. Counts become rates and the mean of the repeats; histograms are merged, then asked.

#include <optional>
#include <utility>
#include <vector>

#include "report/rows.h"

namespace portillon::report {

struct Moment {
    double at_s = 0;  // since T0
    // By the time that the intervals really took, which the end of a run cuts short; absent where that is so little of
    // the column that a rate would be noise. Nothing is due in the drain: it has no rate there.
    std::optional<double> due_per_s, acknowledged_per_s;
    std::optional<double> delivered_per_s;
    double connected = 0, in_flight = 0, cached = 0;       // at its end
    std::optional<double> pending;                         // due and not delivered so far; absent without a ledger
    std::optional<double> p50_us, p95_us, p99_us, max_us;  // of those acknowledged in it; absent when there are none
    std::vector<std::pair<int, Count>> heat;               // bucket of heat_bucket(): how many, ascending
};

struct Series {
    double width_s = 1;
    std::vector<Moment> moments;  // by time
};

// At most `most` moments; the width is that of the widest interval, doubled until they suffice.
Series series_of(const std::vector<RowRun>& runs, std::size_t most);

// Ten to a decade: bucket b holds [10^(b/10), 10^((b+1)/10)) us.
int heat_bucket(Nanos value);

// A point of the percentile spectrum: x = 1 / (1 - rank), HdrHistogram's axis.
struct SpectrumPoint {
    double x = 1;
    double us = 0;
};

// Up to the last value that was measured, and no further: where unanswered values begin the curve ends.
std::vector<SpectrumPoint> spectrum_of(const Latency& latency);

}  // namespace portillon::report
