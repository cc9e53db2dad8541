#pragma once

// What the page puts side by side: an entrant and the figures of its repeats as one.

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

// In the order in which they first ran. `report` must outlive the rows.
std::vector<Row> rows_of(const Report& report);

// "mqtt, repeat 2"; without the repeat where there is but one.
std::string name_of(const Row& row, const RowRun& run);

// What a row is judged by: "response", or "end_to_end" where nothing is acknowledged.
const char* headline_of(const RunReport& run);

}  // namespace portillon::report
