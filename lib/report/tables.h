#pragma once

// The tables of a report. Each is made here and nowhere else; outputs choose columns and show them. A row of the report
// is a column of a table or some of its lines, whether it is a single run or the repeats of a comparison. A table
// that is empty has nothing to say.

#include <vector>

#include "report/rows.h"
#include "report/table.h"

namespace portillon::report {

// The rows side by side: latency, delivery, cost and verdict.
Table league_of(const std::vector<Row>& rows);

Table threshold_table(const std::vector<Row>& rows);  // those that failed first
// One of them: judged of `name`; `how`: over its repeats, in words.
Line threshold_line(const std::string& name, const JudgedThreshold& judged, const std::string& how);
std::vector<Column> threshold_columns();

Table latency_table(const std::vector<Row>& rows);
Table book_table(const std::vector<Row>& rows);       // counts of validations and batches, and their rates
Table cost_table(const std::vector<Row>& rows);       // what both sides took, the wire, connections
Table side_table(const Row& row);                     // what each side took, a side a line
Table error_table(const std::vector<Row>& rows);      // errors and connect failures by cause
Table exception_table(const std::vector<Row>& rows);  // of every run those that the report lists
Table stage_table(const std::vector<Row>& rows);      // over the repeats
Table fault_table(const std::vector<Row>& rows);      // of every run: before, during and after each fault
Table run_table(const std::vector<Row>& rows);        // every run
// What was run where; of the first run what all of them share.
Table context_table(const std::vector<Row>& rows, const std::vector<std::string>& command);

}  // namespace portillon::report
