#pragma once

// What thresholds look like, as regular expressions of ECMAScript, for schemas; from the tables that read them.

#include <string>
#include <string_view>

#include "gate/metric.h"

namespace portillon::gate {

// Expressions that fit a metric of this kind. `bound` matches what it may be compared with, other than a number;
// empty: numbers only. `percent` matches the N of p(N).
std::string expression_pattern(Kind kind, std::string_view bound, std::string_view percent);

// A metric's name, with a stage or without, if there are metrics for which it is true; otherwise empty.
std::string name_pattern(bool (*wanted)(const Metric&));

}  // namespace portillon::gate
