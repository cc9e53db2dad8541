#include "report/latency_choice.h"

#include <algorithm>

namespace portillon::report {

const account::LatencyFigure& headline_of(const Entrant& entrant) {
    const auto runs = entrant.counting();
    const bool acknowledged =
        std::all_of(runs.begin(), runs.end(), [](const auto* run) { return run->latency.response.has_value(); });
    return *account::find_latency(acknowledged ? "response" : "end_to_end");
}

}  // namespace portillon::report
