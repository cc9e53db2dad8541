#pragma once

// Chooses the latency that stands for a run.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/entrants.h"
#include "report/model.h"

namespace portillon::report {

// response; or end_to_end if nothing is acknowledged.
const account::LatencyFigure& headline_of(const Entrant& entrant);

}  // namespace portillon::report
