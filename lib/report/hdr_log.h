#pragma once

// Writes the two text formats of HdrHistogram as its reference implementation writes and reads them.

#include <optional>
#include <string>

#include "report/latency_choice.h"

namespace portillon::report {

// An interval log (.hlog), format version 1.3. It contains for each run of the entrant, in the order of time, the
// chosen latency without a tag, which readers take by default, and the others with Tag=NAME. response has a line for
// each interval, by the instant of the answer; the others have one line for the whole run. Time stamps are seconds
// after BaseTime, the start of the first run; histograms are in ns, Interval_Max is in ms. Comments name the runs and
// say what the histograms do not contain: unanswered validations, and values above 24 h.
std::string interval_log(const Entrant& entrant, const account::LatencyFigure& chosen);

// The percentile distribution (.hgrm) of the answered validations, in ms, with five ticks per half distance. Comments
// at the end name the unanswered ones and those above 24 h, if there are any.
std::string percentile_distribution(const Latency& latency);

}  // namespace portillon::report
