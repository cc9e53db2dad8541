#pragma once

// Runs a long scenario in a short time: divides fleet.start.every, traffic.stages[].duration, faults[].at and for, and
// the thresholds' delayAbortEval by `times`, nothing else. Rates, time-outs, the drain, and the delays, rhythms and
// rates of faults stay as they are, so a compressed run has fewer validations.

#include <cstdint>

namespace portillon::scenario {

struct Scenario;

// `times` is 1 or more. A duration that was positive stays positive.
void compress(Scenario& scenario, double times);

}  // namespace portillon::scenario
