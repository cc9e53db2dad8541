#pragma once

// A table of a report in GitHub's Markdown, with the name of each group as a column where its lines need one. What
// failed is bold. The range of repeats stands in brackets, and so do remarks.

#include <string>

#include "report/table.h"

namespace portillon::report {

inline constexpr std::size_t most_markdown_lines = 60;  // of one table; the rest is counted

// Ends with a line feed. Empty without lines.
std::string markdown_table(const Table& table, std::size_t most_lines = most_markdown_lines);

}  // namespace portillon::report
