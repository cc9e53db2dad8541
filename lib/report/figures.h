#pragma once

// The figures of a run, and of its stages, as thresholds ask for them.

#include <optional>
#include <string>
#include <vector>

#include "base/problem.h"
#include "gate/threshold.h"
#include "report/model.h"

namespace portillon::report {

// Fails closed: while values are unanswered (or above range) there is no avg and no max, because both are unknown; a
// percentile exists as long as its rank is below them. `run` must outlive the result.
gate::Figures figures_of(const RunReport& run);

// The same of one latency; `absent_because` when there is none.
gate::Figure figure_of(const std::optional<Latency>& latency, const gate::Threshold& threshold,
                       const std::string& absent_because);

// Those of the run's stages, in order; none in a report from before there were phases.
std::vector<std::string> stage_names(const RunReport& run);

// For each threshold that speaks of a stage which the run does not have.
Problems unknown_stages(const RunReport& run, const std::vector<gate::Threshold>& thresholds);

// A default threshold on what this target cannot tell is skipped: without a ledger nobody knows whether what was
// acknowledged arrived, and where nothing is acknowledged nothing can be lost. What a target acknowledges, but did not,
// is not skipped: undelivered fails then. Where there should be a ledger, which is that of the embedded server,
// and of everything that someone wrote, what is unknown fails.
std::vector<JudgedThreshold> judge(const RunReport& run, const std::vector<gate::Threshold>& thresholds);

}  // namespace portillon::report
