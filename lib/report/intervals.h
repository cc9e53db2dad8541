#pragma once

// What is asked of the intervals of a run, in every format.

#include <optional>

#include "report/model.h"

namespace portillon::report {

// The response times of what was acknowledged in it, none above the run's exact maximum; nothing where nothing was.
std::optional<stats::Histogram> response_of(const RunReport& run, const Interval& interval);

// How long it lasted: as long as the others, but for the last one, which the run's end cuts short.
double width_of(const RunReport& run, const Interval& interval);

// When nothing more was due: the drain begins. Absent in reports from before there were phases.
std::optional<double> end_of_stages(const RunReport& run);

// How much of it lies before the drain: what was due in it was due in so many seconds.
double due_width_of(const RunReport& run, const Interval& interval);

}  // namespace portillon::report
