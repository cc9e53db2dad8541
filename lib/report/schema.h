#pragma once

// A document held against the schema of reports.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/problem.h"

namespace portillon::report {

// Every key that is missing or not what the schema allows, innermost ones only, without a source.
Problems check_schema(const nlohmann::json& document);

}  // namespace portillon::report
