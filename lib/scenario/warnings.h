#pragma once

// Warns of settings in a scenario that have no effect, or another effect than they seem to have. A warning is no reason
// to refuse a scenario. The commands validate, plan, run and compare show the same warnings.

#include "base/problem.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// The warnings in the order of the scenario's keys. `scenario` is already compressed and has its trace.
Problems warnings_of(const Scenario& scenario);

}  // namespace portillon::scenario
