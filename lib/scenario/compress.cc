#include "scenario/compress.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

void compress(Scenario& scenario, double times) {
    check(times >= 1 && std::isfinite(times), "a compression of 1 or more");
    const auto shorten = [times](Nanos& duration) {
        if (duration > Nanos{0}) {
            duration = std::max(Nanos{1}, Nanos{std::llround(static_cast<double>(duration.count()) / times)});
        }
    };
    if (auto* steps = std::get_if<plan::StartBySteps>(&scenario.lot().fleet.start)) {
        shorten(steps->every);
    }
    for (auto& stage : scenario.lot().traffic.stages) {
        shorten(stage.duration);
    }
    for (auto& fault : scenario.faults) {
        shorten(fault.at);
        shorten(fault.during);
    }
    for (auto& threshold : scenario.thresholds) {
        shorten(threshold.abort_not_before);
    }
}

}  // namespace portillon::scenario
