#pragma once

// Makes the plan for the generator's shards, and the RunSpecs for the ledgers. Pure.

#include <cstdint>
#include <span>
#include <vector>

#include "driver/driver.h"
#include "generator/plan.h"
#include "net/endpoint.h"
#include "plan/run_spec.h"
#include "run/order.h"

namespace portillon::run {

// Where a run goes; known once the target has started.
struct Destination {
    net::Located target;
    bool ends_with_run = false;  // the target ends with the run, so sessions that it keeps do not matter
    driver::Traits traits;       // the protocol's traits with the options of this run
    unsigned ports_per_address = 28'000;
};

// `runs` has the run of each lot of the scenario.
generator::Plan generator_plan(const Order& order, const Destination& destination, std::span<const RunId> runs);

// The RunSpec for the ledger of a lot's run; `scenario` has only that lot.
plan::RunSpec run_spec(const scenario::Scenario& scenario, RunId run);

}  // namespace portillon::run
