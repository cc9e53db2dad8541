#pragma once

// One figure of several repeats of a run.

#include <optional>
#include <string>
#include <vector>

#include "gate/metric.h"
#include "gate/threshold.h"

namespace portillon::report {

// The median of a figure, and the least and the greatest.
struct Spread {
    std::optional<double> value;        // absent: unknown, or above everything
    std::optional<double> least, most;  // of those that have a value
    std::string beyond;                 // how to show a median above everything: "never", ">24 h"; else empty
    std::string most_beyond;            // the same of the greatest
    std::size_t repeats = 0;            // that count
    std::string absent_because;         // where the median is absent
};

// The median of `figures`: of an even number the mean of the two in the middle. What is above everything ranks so; what
// is unknown otherwise is left out.
Spread spread_of(const std::vector<gate::Figure>& figures);

// For people: "31.2 ms", "never", "-"; and the range, "29.0-105 ms", empty for a single repeat.
std::string median_text(const Spread& spread, gate::Kind kind);
std::string range_text(const Spread& spread, gate::Kind kind);

// Two texts of figures as one, with their unit once where it is the same.
std::string range_text(const std::string& least, const std::string& most);

}  // namespace portillon::report
