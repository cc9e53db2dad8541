#pragma once

// The answers of `portillon diff` and `portillon gate` as JSON, for scripts. Keys have the style of reports: durations
// end in _us, an absent figure is null.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "report/diff.h"
#include "report/judged.h"

namespace portillon::report {

nlohmann::ordered_json json_of_diff(const Diff& diff);

// A row for each judged run.
nlohmann::ordered_json json_of_judged(const std::vector<JudgedRun>& runs);

}  // namespace portillon::report
