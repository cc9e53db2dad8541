#pragma once

// A comparison as text: a row for each protocol (and variant, and target), in the order in which they first ran. For
// several repeats it shows the medians, and below them the range (entrants.h). If nothing is acknowledged, the
// percentiles are those of end_to_end, and marked.

#include <string>

#include "report/model.h"

namespace portillon::report {

// For a terminal.
std::string comparison_text(const Comparison& comparison);

// The same in GitHub's Markdown.
std::string comparison_tables_markdown(const Comparison& comparison);

}  // namespace portillon::report
