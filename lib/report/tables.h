#pragma once

// The tables of a report. Each is made here and nowhere else; outputs choose columns and show them. A row of the report
// (a single run, or the repeats of an entrant in a comparison) is a column of a table, or some of its lines. A table
// without data is empty.

#include <vector>

#include "report/rows.h"
#include "report/table.h"

namespace portillon::report {

// The rows of a comparison, a table for each question: what users get, what gets through, what the server needs, what
// the network carries, what the equipments' side needs, and what equipments_of_needs such equipments would need. All
// have the same lines.
std::vector<Table> comparison_tables(const std::vector<Row>& rows);

Table threshold_table(const std::vector<Row>& rows);  // failed thresholds come first
// The line of one threshold, judged for the row called `name`; `how`: how it was judged over the repeats, in words.
Line threshold_line(const std::string& name, const JudgedThreshold& judged, const std::string& how);
std::vector<Column> threshold_columns();
// Returns the observed figure in the unit of its metric: "31.2 ms". It must be known.
std::string observed_text(const JudgedThreshold& judged);

Table latency_table(const std::vector<Row>& rows);
Table book_table(const std::vector<Row>& rows);       // counts of validations and batches, and their rates
Table cost_table(const std::vector<Row>& rows);       // resources of both sides, the wire, connections
Table side_table(const Row& row);                     // resources, with a line for each side
Table error_table(const std::vector<Row>& rows);      // errors and connect failures by cause
Table exception_table(const std::vector<Row>& rows);  // the exceptions that the report lists, for every run
Table stage_table(const std::vector<Row>& rows);      // the stages, over the repeats
Table fault_table(const std::vector<Row>& rows);      // before, during and after each fault, for every run
Table run_table(const std::vector<Row>& rows);        // a line for every run
// Which program ran which scenario where; facts that all runs share are taken from the first one.
Table context_table(const std::vector<Row>& rows, const std::vector<std::string>& command);

}  // namespace portillon::report
