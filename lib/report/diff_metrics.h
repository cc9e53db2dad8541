#pragma once

// The metrics that a diff compares, and how to get them from a run.

#include <string>
#include <vector>

#include "gate/threshold.h"
#include "report/diff.h"

namespace portillon::report {

// How the figures of a metric are compared.
enum class Measure : std::uint8_t {
    ratio,    // a figure above 0, compared by its logarithm
    count,    // a number of validations (or attempts), compared as a share of the validations generated
    promise,  // like count, but any at all in candidate with none in base is worse, whatever the statistics say
};

struct DiffMetric {
    std::string name, key;
    Measure measure{};
    gate::Kind kind{};
    Better better{};
    RunFigure (*of)(const RunReport& run, const DiffMetric& metric) = nullptr;  // a count is not yet a share
    gate::Threshold asked{};  // metric, aggregate and percent, if a threshold can ask for it, too
};

// The metrics in the order of the report.
const std::vector<DiffMetric>& diff_metrics();

}  // namespace portillon::report
