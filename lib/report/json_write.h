#pragma once

// Latencies as the JSON report has them, for the code that writes a report and the code that checks one.

#include <nlohmann/json.hpp>
#include <optional>

#include "report/model.h"

namespace portillon::report {

// The value in us, exact to the nanosecond.
nlohmann::ordered_json us_or_null(std::optional<Nanos> value);
// The same for a figure in ns, which is rounded to whole ones.
nlohmann::ordered_json us_or_null(std::optional<double> value);

// Null if there is no latency.
nlohmann::ordered_json latency_json(const std::optional<Latency>& latency);

}  // namespace portillon::report
