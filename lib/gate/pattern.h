#pragma once

// The syntax of thresholds as regular expressions of ECMAScript, for schemas; made from the tables that the parser
// uses.

#include <string>
#include <string_view>

#include "gate/metric.h"

namespace portillon::gate {

// Matches expressions for a metric of this kind. `bound` matches bounds other than numbers; empty: numbers only.
// `percent` matches the N of p(N).
std::string expression_pattern(Kind kind, std::string_view bound, std::string_view percent);

// Matches the name of a metric for which `wanted` is true, with a stage or without; empty if there is no such metric.
std::string name_pattern(bool (*wanted)(const Metric&));

}  // namespace portillon::gate
