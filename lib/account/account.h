#pragma once

// An account says what became of the validations of a whole run, or of those that were due in a part of it. A run's
// report is an account with a context; a phase of a report is an account with a begin and an end.

#include "account/figures.h"
#include "account/latency.h"
#include "account/values.h"

namespace portillon::account {

struct Account {
    KnownCounts counts = nothing_counted();
    Latencies latency;
    Throughput throughput;

    // Whether the account contains a ledger's counts.
    bool has_ledger() const { return counts.delivered.has_value(); }
};

}  // namespace portillon::account
