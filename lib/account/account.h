#pragma once

// What was done, and how it went: of a whole run, or of the validations that were due in a part of it. Every process
// gives back such an account; a report is one with its context.

#include "account/figures.h"
#include "account/latency.h"
#include "account/values.h"

namespace portillon::account {

struct Account {
    KnownCounts counts = nothing_counted();
    Latencies latency;
    Throughput throughput;

    // Whether there is a ledger behind it.
    bool has_ledger() const { return counts.delivered.has_value(); }
};

}  // namespace portillon::account
