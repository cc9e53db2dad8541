#pragma once

// The two text formats of HdrHistogram, as its reference implementation writes and reads them.

#include <optional>
#include <string>

#include "report/latency_choice.h"

namespace portillon::report {

// An interval log (.hlog), format version 1.3: for each run of the entrant, in the order of time, the chosen latency
// without a tag, so that readers find it without being asked to, and the others with Tag=NAME. response comes interval
// by interval, by the instant of the answer; the others as one interval over the whole run. Time stamps are seconds
// after BaseTime, the instant at which the first run started; histograms are in ns, Interval_Max is in ms. Comments say
// whose runs these are and what the histograms do not hold: the unanswered, and what took longer than 24 h.
std::string interval_log(const Entrant& entrant, const account::LatencyFigure& chosen);

// The percentile distribution (.hgrm) in ms, five ticks per half distance, of the answered only; comments at the end
// name the unanswered and those above 24 h, where there are any.
std::string percentile_distribution(const Latency& latency);

}  // namespace portillon::report
