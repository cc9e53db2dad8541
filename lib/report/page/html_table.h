#pragma once

// A table of a report as HTML. A cell shows its figure rounded and has it exactly in its attributes:
//
//     <td data-figure="latency.response.p95_us" data-value="6307.839">6.31 ms</td>
//
// data-figure is the figure's key in the JSON report of a run; data-value is the value there, "null" if it is absent,
// and then the cell's title says why. data-runs, of the cell or of an element around it, has the places in the report
// of the runs from which the figure is made.

#include "report/page/html.h"
#include "report/table.h"

namespace portillon::report::page {

// The table in a box, in which a wide table can scroll. `css` is the class of the box. Empty if the table is empty.
Html html_table(const Table& table, const char* css = "");

// A word such as "valid" in the colour of its mood.
Html marked(const std::string& text, Mood mood);

}  // namespace portillon::report::page
