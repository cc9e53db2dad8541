#pragma once

// One row for each protocol (and variant, and target) of a comparison, in the order in which they first ran; of several
// repeats the medians, and below them the range (entrants.h). Where nothing is acknowledged the percentiles are those
// of end_to_end, and marked.

#include <string>

#include "report/model.h"

namespace portillon::report {

std::string league_table(const Comparison& comparison);

// The same as a table of GitHub's Markdown.
std::string league_markdown(const Comparison& comparison);

}  // namespace portillon::report
