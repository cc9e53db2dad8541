#pragma once

// What a scenario says and what will have no effect, or another one than it seems. Whatever it is worth, it is no
// reason to refuse the scenario; validate, plan, run and compare show it alike.

#include "base/problem.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// In the order of the scenario's keys. `scenario` is the compressed one, with its trace.
Problems warnings_of(const Scenario& scenario);

}  // namespace portillon::scenario
