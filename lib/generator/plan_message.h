#pragma once

// A generator's plan as messages from the conductor to a shard.

#include <vector>

#include "base/problem.h"
#include "generator/plan.h"
#include "link/link.pb.h"

namespace portillon::generator {

// Writes the plan for shard `shard` of `shards`, in pieces that are each small enough for a link. Of a recorded
// schedule, the pieces hold only the rows of the shard's own equipments.
std::vector<link::v1::LinkMessage> write_plan(const Plan& plan, unsigned shard, unsigned shards);

// Reads a plan from its merged pieces. A problem says what cannot be read.
Checked<Plan> read_plan(const link::v1::GeneratorPlan& message);

}  // namespace portillon::generator
