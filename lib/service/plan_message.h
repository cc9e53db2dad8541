#pragma once

// A server's plan as a message from the conductor to a shard.

#include "base/problem.h"
#include "link/link.pb.h"
#include "service/plan.h"

namespace portillon::service {

link::v1::LinkMessage write_plan(const Plan& plan);

// Reads a plan. A problem says what cannot be read.
Checked<Plan> read_plan(const link::v1::ServerPlan& message);

}  // namespace portillon::service
