#pragma once

// A generator's plan on its way from the conductor to a shard.

#include <vector>

#include "base/problem.h"
#include "generator/plan.h"
#include "link/link.pb.h"

namespace portillon::generator {

// The pieces in which shard `shard` of `shards` is told its plan, each small enough for a link. Of a recorded schedule
// a shard is told the rows of its own equipments.
std::vector<link::v1::LinkMessage> write_plan(const Plan& plan, unsigned shard, unsigned shards);

// From the merged pieces. A problem names what cannot be read.
Checked<Plan> read_plan(const link::v1::GeneratorPlan& message);

}  // namespace portillon::generator
