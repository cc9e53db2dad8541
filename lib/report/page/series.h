#pragma once

// The data of the charts over time: the intervals of a row's repeats as one series, in no more columns than a screen
// can show. Counts become rates, averaged over the repeats; histograms are merged before percentiles are taken.

#include <optional>
#include <utility>
#include <vector>

#include "report/rows.h"

namespace portillon::report::page {

struct Moment {
    double at_s = 0;  // since T0
    // Rates over the time that the intervals really took, since the end of a run cuts the last one short. Absent if
    // that time is such a small part of the column that the rate would be noise. due_per_s is absent in the drain.
    std::optional<double> due_per_s, acknowledged_per_s;
    std::optional<double> delivered_per_s;
    std::optional<double> errors_per_s;                    // absent in older reports, too
    double connected = 0, in_flight = 0, cached = 0;       // at the column's end
    std::optional<double> pending;                         // due and not delivered so far; absent without a ledger
    std::optional<double> p50_us, p95_us, p99_us, max_us;  // of responses in the column; absent if there are none
    std::vector<std::pair<int, Count>> heat;               // bucket (heat_bucket()) and count, in ascending order
};

struct Series {
    double width_s = 1;
    std::vector<Moment> moments;  // in the order of time
};

// A series of at most `most` moments. Their width is that of the widest interval, doubled until so many are enough.
Series series_of(const std::vector<RowRun>& runs, std::size_t most);

// The bucket of a value; a decade has ten, and bucket b holds [10^(b/10), 10^((b+1)/10)) us.
int heat_bucket(Nanos value);

// A point of the percentile spectrum: x = 1 / (1 - rank), HdrHistogram's axis.
struct SpectrumPoint {
    double x = 1;
    double us = 0;
};

// The spectrum up to the last value that was measured: the curve ends where unanswered validations begin.
std::vector<SpectrumPoint> spectrum_of(const Latency& latency);

}  // namespace portillon::report::page
