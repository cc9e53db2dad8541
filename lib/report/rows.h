#pragma once

// What the tables of a report put side by side: an entrant, with the places of its runs in the report, and the figures
// of its repeats as one.

#include <string>
#include <vector>

#include "report/entrants.h"
#include "report/model.h"

namespace portillon::report {

struct RowRun {
    std::size_t index = 0;  // in Comparison::runs
    unsigned repeat = 1;
    const RunReport* run = nullptr;
    bool superseded = false;  // run again, for its measurement was invalid
};

struct Row {
    std::string label;             // the entrant's name
    std::vector<RowRun> runs;      // its repeats, and after them those that were run again
    std::vector<RowRun> counting;  // the repeats of which the figures are made (entrants.h)
    Entrant entrant;
    RunReport whole;  // the entrant's: no place to take percentiles from
};

// In the order in which they first ran. The report must outlive the rows.
std::vector<Row> rows_of(const Comparison& comparison);
std::vector<Row> rows_of(const Report& report);

// "mqtt, repeat 2"; without the repeat where there is but one.
std::string name_of(const Row& row, const RowRun& run);

// A row of its own for one run, so that any table can speak of it alone.
Row row_of(const Row& row, const RowRun& run);

// Every run of the rows as a row of its own.
std::vector<Row> each_run_of(const std::vector<Row>& rows);

// The places in the report of the runs that count.
std::vector<std::size_t> places_of(const Row& row);

}  // namespace portillon::report
