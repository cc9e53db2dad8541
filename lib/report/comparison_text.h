#pragma once

// A comparison as text: a row for each protocol (and variant, and target), in the order in which they first ran, then
// what the figures say in words, and last, why repeats do not count. For several repeats it shows the medians, and
// below them the range (entrants.h). If nothing is acknowledged, the percentiles are those of end_to_end, and marked.

#include <string>
#include <vector>

#include "report/diff.h"
#include "report/model.h"
#include "report/prose.h"
#include "report/rows.h"
#include "report/text_table.h"

namespace portillon::report {

// For a terminal of so many columns.
std::string comparison_text(const Comparison& comparison, const DiffOptions& options = {},
                            std::size_t columns = terminal_columns, Style style = Style::plain);

// The same in GitHub's Markdown.
std::string comparison_tables_markdown(const Comparison& comparison, const DiffOptions& options = {});

// Returns sentences that explain the tables.
std::vector<std::string> notes_on_tables(const std::vector<Row>& rows);

}  // namespace portillon::report
