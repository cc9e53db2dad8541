#pragma once

// Puts into a report what the comparison of both accounts has found.

#include <vector>

#include "account/ledger_account.h"
#include "account/range.h"
#include "driver/driver.h"
#include "report/model.h"
#include "run/reconcile.h"

namespace portillon::run {

// Sets lost, undelivered and unconfirmed, and adds the exceptions by name. If nothing is acknowledged, nothing can be
// lost, and `lost` is left alone.
void set_delivery(report::RunReport& run, const Reconciled& sets, const account::LedgerAccount& ledger,
                  driver::Traits::Acknowledges acknowledges);

// Adds exceptions, up to report::most_exceptions of all states together; the others are counted as omitted.
void add_exceptions(report::Delivery& delivery, const std::vector<Range>& ranges, report::State state);

}  // namespace portillon::run
