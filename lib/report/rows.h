#pragma once

// The rows that the tables of a report put side by side: each is an entrant, with the places of its runs in the report,
// and its repeats as one run.

#include <string>
#include <vector>

#include "report/entrants.h"
#include "report/model.h"

namespace portillon::report {

struct RowRun {
    std::size_t index = 0;  // its place in Comparison::runs
    unsigned repeat = 1;
    const RunReport* run = nullptr;
    bool superseded = false;  // the measurement was invalid, and the repeat was run again
};

struct Row {
    std::string label;             // the entrant's name
    std::vector<RowRun> runs;      // its repeats, then the superseded runs
    std::vector<RowRun> counting;  // the repeats from which the figures are made (entrants.h)
    Entrant entrant;
    RunReport whole;  // entrant.whole(); do not take percentiles from it
};

// The rows in the order in which they first ran. The report outlives the rows.
std::vector<Row> rows_of(const Comparison& comparison);
std::vector<Row> rows_of(const Report& report);

// "mqtt, repeat 2"; without the repeat if there is only one.
std::string name_of(const Row& row, const RowRun& run);

// A row for a single run, so that any table can show it alone.
Row row_of(const Row& row, const RowRun& run);

// A row for every run of the rows.
std::vector<Row> each_run_of(const std::vector<Row>& rows);

// The places in the report of the row's runs that count.
std::vector<std::size_t> places_of(const Row& row);

}  // namespace portillon::report
