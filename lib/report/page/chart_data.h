#pragma once

// What page.js draws from: the rows' percentile spectra and series, the windows of faults and stages; as JSON.

#include <string>
#include <vector>

#include "report/rows.h"

namespace portillon::report {

std::string chart_data(const std::vector<Row>& rows);

// A fault of the scenario: what it is called, and when; instants, where it has no length.
struct FaultWindow {
    std::string label;  // "delay 40ms"
    double from_s = 0, to_s = 0;
};

// Of the scenario as it was run; what cannot be read is left out.
std::vector<FaultWindow> faults_of(const Scenario& scenario);

// Without those that the run says did not happen.
std::vector<FaultWindow> faults_of(const RunReport& run);

}  // namespace portillon::report
