#pragma once

// Gives thresholds the figures of a run and of its stages.

#include <optional>
#include <string>
#include <vector>

#include "base/problem.h"
#include "gate/threshold.h"
#include "report/model.h"

namespace portillon::report {

// It fails closed: with unanswered validations (or values above the range) there is no avg and no max, since they are
// unknown; a percentile exists if its rank is below them. `run` outlives the result.
gate::Figures figures_of(const RunReport& run);

// The figure of one latency that the threshold asks for; `absent_because`: the reason to give if there is no latency.
gate::Figure figure_of(const std::optional<Latency>& latency, const gate::Threshold& threshold,
                       const std::string& absent_because);

// The names of the run's stages, in order; none in older reports without phases.
std::vector<std::string> stage_names(const RunReport& run);

// A problem for each threshold that names a stage which the run does not have.
Problems unknown_stages(const RunReport& run, const std::vector<gate::Threshold>& thresholds);

// Judges a run by thresholds. A default threshold is skipped if its figure cannot be known with this target: without a
// ledger nobody knows whether acknowledged validations arrived, and if nothing is acknowledged, nothing can be lost.
// But if the target acknowledges, and validations were never answered, the default threshold on undelivered fails.
// Unknown figures also fail for the embedded server, which has a ledger, and for every threshold that the user wrote.
std::vector<JudgedThreshold> judge(const RunReport& run, const std::vector<gate::Threshold>& thresholds);

}  // namespace portillon::report
