#pragma once

// A table of a report in GitHub's Markdown. The names of groups become a column if the lines need them. Cells with bad
// news are bold; the range of repeats and remarks are in brackets.

#include <string>

#include "report/table.h"

namespace portillon::report {

inline constexpr std::size_t most_markdown_lines = 60;  // of one table; further lines are only counted

// The text ends with a line feed; it is empty if the table has no lines.
std::string markdown_table(const Table& table, std::size_t most_lines = most_markdown_lines);

}  // namespace portillon::report
