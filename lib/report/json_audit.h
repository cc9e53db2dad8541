#pragma once

// What may still be wrong with a JSON report that matches the schema: figures that contradict each other. Every problem
// has the key at which the report holds it.

#include <nlohmann/json.hpp>
#include <string>

#include "base/problem.h"
#include "report/model.h"

namespace portillon::report {

// The figures of `written` that do not follow from `latency`, which was read from its histogram; those that reports up
// to 0.2 had are right as well. `key`: of the latency in the report.
Problems audit_latency(const nlohmann::json& written, const Latency& latency, const std::string& key);

// What no run can leave, whatever its verdict. `prefix`: of the keys, "runs.2."; empty for a single run.
Problems audit_run(const RunReport& run, const std::string& prefix);

}  // namespace portillon::report
