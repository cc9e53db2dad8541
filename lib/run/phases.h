#pragma once

// The phases of a report: from what generator and server kept by due time. Pure.

#include <optional>
#include <vector>

#include "driver/driver.h"
#include "fleet/result.h"
#include "plan/segments.h"
#include "report/model.h"
#include "run/ledger_client.h"
#include "run/reconcile.h"
#include "scenario/scenario.h"

namespace portillon::run {

// Where the faults begin and end: where segments have to.
std::vector<Nanos> cuts_of(const scenario::Scenario& scenario);

// The segments of a run: what is told to the ledger, and what the generator's parts are.
plan::Segments segments_of(const scenario::Scenario& scenario);

// One for each stage, then three for each fault: before, during and after. `ledger` and `sets` are there or not
// together; `generating`: from T0 to the end of generation.
std::vector<report::Phase> phases_of(const scenario::Scenario& scenario, const fleet::Result& fleet,
                                     const LedgerAccount* ledger, const Reconciled* sets,
                                     driver::Traits::Acknowledges acknowledges, Nanos generating);

}  // namespace portillon::run
