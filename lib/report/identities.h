#pragma once

// Books must balance: asserted when a report is made, and checked when one is read.

#include "base/problem.h"
#include "report/model.h"

namespace portillon::report {

// Every identity that does not hold, by the key of its first figure:
//     generated = acknowledged + rejected + discarded + unacknowledged + cached
//     delivered + undelivered = generated                  with a ledger
//     acknowledged - lost = delivered - unconfirmed        where both are known: what is both acknowledged and
//     delivered
// The same hold for every phase, where besides
//     response.count + response.unanswered = generated     where it is known
// and for the stages together, where there are any:
//     the sum of each count is the run's, and the measured ones' histograms hold as many values as the run's
Problems check_identities(const RunReport& run);

}  // namespace portillon::report
