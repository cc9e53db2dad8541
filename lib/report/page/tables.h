#pragma once

// The tables of the page. One row of the report is a line of a table or a column of one, whether it is a single run or
// the repeats of a comparison.

#include <vector>

#include "report/page/html.h"
#include "report/page/rows.h"

namespace portillon::report {

// A row of its own for one run, so that the tables below can speak of it alone.
Row row_of(const Row& row, const RowRun& run);

// The rows side by side: latency, delivery, cost and verdict.
Html league_table(const std::vector<Row>& rows);

Html threshold_table(const std::vector<Row>& rows);  // empty where there are none
Html latency_table(const std::vector<Row>& rows);
Html book_table(const std::vector<Row>& rows);
Html cost_table(const std::vector<Row>& rows);
Html cause_table(const std::vector<Row>& rows);      // errors and connect failures; empty where there are none
Html exception_table(const std::vector<Row>& rows);  // the first of each run; empty where there are none
Html stage_table(const std::vector<Row>& rows);      // empty where there are none
Html fault_table(const std::vector<Row>& rows);      // before, during and after each; empty where there are none
Html run_table(const std::vector<Row>& rows);        // every run, up to a limit
Html interval_table(const Row& row);                 // over time, in some sixty lines; empty without intervals
Html context_table(const RunReport& run);

}  // namespace portillon::report
