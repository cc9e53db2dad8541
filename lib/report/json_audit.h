#pragma once

// Finds what may be wrong with a JSON report although it matches the schema: figures that contradict each other. Every
// problem has the key of a figure in the report.

#include <nlohmann/json.hpp>
#include <string>

#include "base/problem.h"
#include "report/model.h"

namespace portillon::report {

// A problem for each figure of `written` that does not follow from `latency`, which was read from its histogram.
// Figures as reports up to version 0.2 had them are accepted, too. `key`: of the latency in the report.
Problems audit_latency(const nlohmann::json& written, const Latency& latency, const std::string& key);

// A problem for everything that no run can have, whatever its verdict. `prefix`: of the keys, such as "runs.2."; empty
// for a single run.
Problems audit_run(const RunReport& run, const std::string& prefix);

}  // namespace portillon::report
