#pragma once

// The stage and the faults at an instant of a run, as its scenario plans them. Pure.

#include <string>
#include <vector>

#include "base/units.h"
#include "scenario/scenario.h"

namespace portillon::run {

// The stage of the scenario's only lot: its name, and whether it is warm-up; empty after the last one.
std::string stage_at(const scenario::Scenario& scenario, Nanos since_t0);

// The faults that are on, each with the time that it has left: "fault 2 cut, 12 s left". Faults that are an instant are
// shown for shown_for.
inline constexpr Nanos shown_for = 3s;
std::vector<std::string> faults_at(const scenario::Scenario& scenario, Nanos since_t0);

}  // namespace portillon::run
