#pragma once

// What the generator's shards and the ledgers are told of a run. Pure.

#include <cstdint>
#include <span>
#include <vector>

#include "driver/driver.h"
#include "generator/plan.h"
#include "net/endpoint.h"
#include "plan/run_spec.h"
#include "run/order.h"

namespace portillon::run {

// What is known of a run once its target is.
struct Destination {
    net::Located target;
    bool ends_with_run = false;  // nothing that it keeps of sessions matters
    driver::Traits traits;       // of the protocol with its options
    unsigned ports_per_address = 28'000;
};

// `runs`: of each lot, as many as the scenario has.
generator::Plan generator_plan(const Order& order, const Destination& destination, std::span<const RunId> runs);

// What the ledger of a lot's run has to know; `scenario` has that lot alone.
plan::RunSpec run_spec(const scenario::Scenario& scenario, RunId run);

}  // namespace portillon::run
