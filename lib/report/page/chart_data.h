#pragma once

// The data from which page.js draws, as JSON: the rows' percentile spectra and series, the times of faults and stages.

#include <string>
#include <vector>

#include "report/rows.h"

namespace portillon::report::page {

std::string chart_data(const std::vector<Row>& rows);

// A fault of the scenario: its label, and its begin and end in seconds since T0, which are equal for an instant.
struct FaultWindow {
    std::string label;  // "delay 40ms"
    double from_s = 0, to_s = 0;
};

// The faults of the scenario as it was run; faults that cannot be read are left out.
std::vector<FaultWindow> faults_of(const Scenario& scenario);

// The same without faults that did not happen in this run.
std::vector<FaultWindow> faults_of(const RunReport& run);

}  // namespace portillon::report::page
