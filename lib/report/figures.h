#pragma once

// The figures of a run as thresholds ask for them.

#include <vector>

#include "gate/threshold.h"
#include "report/model.h"

namespace portillon::report {

// Fails closed: while values are unanswered (or above range) there is no avg and no max, because both are unknown; a
// percentile exists as long as its rank is below them. `run` must outlive the result.
gate::Figures figures_of(const RunReport& run);

std::vector<JudgedThreshold> judge(const RunReport& run, const std::vector<gate::Threshold>& thresholds);

}  // namespace portillon::report
