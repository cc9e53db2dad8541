#pragma once

// Questions about the intervals of a run that every format asks.

#include <optional>

#include "report/model.h"

namespace portillon::report {

// The response times of the validations acknowledged in the interval, none above the run's exact maximum; nothing if
// none was acknowledged.
std::optional<stats::Histogram> response_of(const RunReport& run, const Interval& interval);

// The length of the interval in seconds: the same for all, except that the end of the run cuts the last one short.
double width_of(const RunReport& run, const Interval& interval);

// Returns the length of the run in seconds, from T0 to the end of its last interval; 0 if it has no intervals.
double length_of(const RunReport& run);

// When the drain begins, after which nothing is due, in seconds since T0. Absent in older reports without phases.
std::optional<double> end_of_stages(const RunReport& run);

// The length of the part of the interval before the drain, in seconds; everything due in the interval is due in that
// part.
double due_width_of(const RunReport& run, const Interval& interval);

}  // namespace portillon::report
