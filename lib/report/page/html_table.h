#pragma once

// A table of a report as HTML. A figure stands there for people, and exactly in its attributes:
//
//     <td data-figure="latency.response.p95_us" data-value="6307.839">6.31 ms</td>
//
// data-figure is where a run's report has it; data-value is what stands there, "null" for what is absent, whose reason
// is the cell's title. data-runs, of the cell or around it, are the places in the report of the runs it is made of.

#include "report/page/html.h"
#include "report/table.h"

namespace portillon::report {

// In a box of its own, in which wide tables scroll. `css` is its class. Empty without lines and headings.
Html html_table(const Table& table, const char* css = "");

// "valid" in its colour.
Html marked(const std::string& text, Mood mood);

}  // namespace portillon::report
