#pragma once

// The plan of a run as JSON: what `portillon plan` prints with --format json.

#include <nlohmann/json_fwd.hpp>

#include "entries.h"
#include "plan/sizing.h"
#include "scenario/plan.h"
#include "scenario_options.h"

namespace portillon::cmd {

nlohmann::ordered_json plan_json(const Loaded& loaded, const scenario::Plan& plan, const plan::Machine& machine);

// The rows that `compare` would have, with their planned times, and how many runs these are.
nlohmann::ordered_json comparison_json(const Entries& entries, unsigned repeats);

}  // namespace portillon::cmd
