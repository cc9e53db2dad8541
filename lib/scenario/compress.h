#pragma once

// Shows a long scenario in a short time: divides fleet.start.every, traffic.stages[].duration, faults[].at/for and, of
// thresholds, delayAbortEval by `times`, nothing else. Rates, time-outs, the drain and what a fault
// is like (its delays, rhythms and rates) stay as they are, so a compressed
// run has fewer validations.

#include <cstdint>

namespace portillon::scenario {

struct Scenario;

// times >= 1. A duration that was positive stays so.
void compress(Scenario& scenario, double times);

}  // namespace portillon::scenario
