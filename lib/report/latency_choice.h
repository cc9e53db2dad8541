#pragma once

// Which of a run's latencies is meant.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/entrants.h"
#include "report/model.h"

namespace portillon::report {

// response; end_to_end where nothing is acknowledged.
const account::LatencyFigure& headline_of(const Entrant& entrant);

}  // namespace portillon::report
