#pragma once

// The league table: a row for each protocol (and variant, and target) of a comparison, in the order in which they first
// ran. For several repeats it shows the medians, and below them the range (entrants.h). If nothing is acknowledged, the
// percentiles are those of end_to_end, and marked.

#include <string>

#include "report/model.h"

namespace portillon::report {

std::string league_table(const Comparison& comparison);

// The same table in GitHub's Markdown.
std::string league_markdown(const Comparison& comparison);

}  // namespace portillon::report
