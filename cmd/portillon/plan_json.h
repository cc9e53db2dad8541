#pragma once

// The plan of a run as JSON: what `portillon plan` prints with --format json.

#include <nlohmann/json_fwd.hpp>

#include "plan/sizing.h"
#include "scenario/plan.h"
#include "scenario_options.h"

namespace portillon::cmd {

nlohmann::ordered_json plan_json(const Loaded& loaded, const scenario::Plan& plan, const plan::Machine& machine);

}  // namespace portillon::cmd
