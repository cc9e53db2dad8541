#pragma once

// Sets tables that have the same lines side by side, as far as there is room.

#include <cstddef>
#include <string>
#include <vector>

#include "report/table.h"
#include "report/text_table.h"

namespace portillon::report {

// The tables as text for a terminal of so many columns. Their first columns are the same and name the lines; it is
// shown once for all tables that stand beside each other. A table that does not fit beside the others begins below
// them, and one that does not fit alone is continued below itself, so that no column is cut off and no line is wrapped,
// unless a single column is wider than the terminal. The title of a table stands above its columns. Headings are
// wrapped between words. The range of repeats stands in a line of its own below theirs.
std::string side_by_side(const std::vector<Table>& tables, std::size_t columns, Style style = Style::plain);

}  // namespace portillon::report
