#pragma once

// The latencies of the JSON report, for those who write them and those who check what was written.

#include <nlohmann/json.hpp>
#include <optional>

#include "report/model.h"

namespace portillon::report {

// In us, to the nanosecond.
nlohmann::ordered_json us_or_null(std::optional<Nanos> value);
// Of a figure in ns, rounded to whole ones.
nlohmann::ordered_json us_or_null(std::optional<double> value);

// Null where there is none.
nlohmann::ordered_json latency_json(const std::optional<Latency>& latency);

}  // namespace portillon::report
