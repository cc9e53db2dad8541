#pragma once

// Checks a document against the schema of reports.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/problem.h"

namespace portillon::report {

// A problem for every key that is missing or not as the schema allows. Only the innermost ones are named; the problems
// have no source.
Problems check_schema(const nlohmann::json& document);

}  // namespace portillon::report
