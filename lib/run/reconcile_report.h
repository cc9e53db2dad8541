#pragma once

// Completes the report of a run against a server without a ledger, with what that server has exported. Pure.

#include "account/generator_account.h"
#include "arrived/arrivals.h"
#include "report/model.h"

namespace portillon::run {

// Sets what a ledger would have told: the counts of ledger and delivery, and the exceptions by name. What arrived out
// of order stays unknown, since rows have no order; so do the figures of stages, and those of time. Judges the
// thresholds again. An earlier reconciliation is replaced. `account` is the report's own.
void reconcile_report(report::RunReport& run, const account::GeneratorAccount& account,
                      const arrived::Findings& findings);

}  // namespace portillon::run
