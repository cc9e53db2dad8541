#pragma once

// Tells whether any equipment reached the target of a run.

#include "report/model.h"

namespace portillon::report {

// Whether equipments dialled and none got through. A generator that died before it dialled says nothing about the
// target.
inline bool is_unreached(const RunReport& run) {
    const bool tried = !run.fleet.connect_failures.empty() || run.verdict.measurement != Measurement::invalid;
    return *run.counts.connects == 0 && tried;
}

}  // namespace portillon::report
