#pragma once

// Makes the phases of a report from the figures that generator and server kept for each segment. Pure.

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

// The instants at which faults begin and end, since T0: segments are cut there.
std::vector<Nanos> cuts_of(const scenario::Scenario& scenario);

// The segments of a run. The ledger is opened with them, and each of the generator's parts belongs to one.
plan::Segments segments_of(const scenario::Scenario& scenario);

// One phase for each stage, then three for each fault: before, during and after. Either both `ledger` and `sets` are
// given or neither is; `generating`: the time from T0 to the end of generation.
std::vector<report::Phase> phases_of(const scenario::Scenario& scenario, const fleet::Result& fleet,
                                     const LedgerAccount* ledger, const Reconciled* sets,
                                     driver::Traits::Acknowledges acknowledges, Nanos generating);

}  // namespace portillon::run
