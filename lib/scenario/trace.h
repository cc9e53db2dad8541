#pragma once

// Reads the file that a scenario with arrivals of kind trace names. parse() reads no files, so this is a second step;
// it comes before the first schedule is made.

#include <string>
#include <string_view>

#include "base/problem.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// The path of the trace file: `traffic.trace_file` if it is absolute, otherwise relative to the scenario's own file.
std::string trace_path(const Scenario& scenario, const std::string& scenario_file);

// Reads the rows into scenario.lot().traffic.arrival.trace. Returns every problem with its line; if there is one,
// nothing is attached. `source`: the file's name for the problems.
Problems attach_trace(Scenario& scenario, std::string_view text, const std::string& source);

}  // namespace portillon::scenario
