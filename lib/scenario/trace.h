#pragma once

// The file that a scenario with arrivals of kind trace names: parse() reads no files, so its rows come by a second
// step, before the schedules are asked for.

#include <string>
#include <string_view>

#include "base/problem.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// Where it lies: `traffic.trace_file` itself, or beside the scenario's own file.
std::string trace_path(const Scenario& scenario, const std::string& scenario_file);

// Every problem by its line; none means that scenario.lot().traffic.arrival.trace is there. `source`: the file's name
// in the problems.
Problems attach_trace(Scenario& scenario, std::string_view text, const std::string& source);

}  // namespace portillon::scenario
