#pragma once

// The spread of one figure over several repeats of a run.

#include <optional>
#include <string>
#include <vector>

#include "gate/metric.h"
#include "gate/threshold.h"

namespace portillon::report {

// The median of a figure, and the least and the greatest.
struct Spread {
    std::optional<double> value;        // the median; absent if it is unknown, or above every value
    std::optional<double> least, most;  // the extremes of the repeats that have a value
    std::string beyond;                 // the word for a median above every value: "never", ">24 h"; otherwise empty
    std::string most_beyond;            // the same for the greatest
    std::size_t repeats = 0;            // how many repeats count
    std::string absent_because;         // why the median is absent
};

// Computes the spread of `figures`. The median of an even number is the mean of the two in the middle. A figure that is
// above every value ranks so; other unknown figures are left out.
Spread spread_of(const std::vector<gate::Figure>& figures);

// The median as text: "31.2 ms", "never", "-"; and the range: "29.0-105 ms", empty for a single repeat.
std::string median_text(const Spread& spread, gate::Kind kind);
std::string range_text(const Spread& spread, gate::Kind kind);

// Joins two figures to a range, with their unit only once if it is the same.
std::string range_text(const std::string& least, const std::string& most);

}  // namespace portillon::report
