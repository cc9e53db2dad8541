#pragma once

// What a diff compares, and where a run has it.

#include <string>
#include <vector>

#include "gate/threshold.h"
#include "report/diff.h"

namespace portillon::report {

// How its figures are compared.
enum class Measure : std::uint8_t {
    ratio,    // a figure above 0: by its logarithm
    count,    // validations (or attempts) by what became of them: as a share of those generated
    promise,  // the same, and one in candidate where base has none is worse whatever the statistics say
};

struct DiffMetric {
    std::string name, key;
    Measure measure{};
    gate::Kind kind{};
    Better better{};
    RunFigure (*of)(const RunReport& run, const DiffMetric& metric) = nullptr;  // counts as counts, not as shares
    gate::Threshold asked{};  // for those that thresholds can ask for too: metric, aggregate, percent
};

// In the order of the report.
const std::vector<DiffMetric>& diff_metrics();

}  // namespace portillon::report
