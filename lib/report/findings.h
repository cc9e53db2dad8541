#pragma once

// The findings of a comparison in words: which entrant answers fastest and needs least, which lost something, and where
// nothing can be said. Each clause rests on the same statistics as a diff.

#include <string>
#include <vector>

#include "report/diff.h"
#include "report/model.h"

namespace portillon::report {

// Clauses without a full stop, the most important first: "mqtt answers fastest and needs least", "nobody lost
// anything", "http2's P99 is 2.1 times mqtt's", "no winner in P50".
//
// An entrant wins in a figure if a diff finds it better than every other entrant. With fewer than least_repeats repeats
// the spread is not known; then a difference counts only if all repeats of one are better than all of the other by more
// than silent_below(). Bytes on the wire hardly vary, so for them the minimum effect is enough. An entrant without a
// valid repeat is not compared, and its losses are told all the same. The figures are the percentiles of response, the
// server's CPU and memory, and the bytes on the wire; one that fewer than two entrants have is not mentioned.
std::vector<std::string> findings_of(const Comparison& comparison, const DiffOptions& options = {});

// The least difference of which findings_of() says anything: 0.5 means half as much again.
double silent_below(std::size_t repeats, const DiffOptions& options);

}  // namespace portillon::report
