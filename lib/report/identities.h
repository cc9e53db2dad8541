#pragma once

// The identities that the counts of a report must fulfil: asserted when a report is made, and checked when one is read.

#include "base/problem.h"
#include "report/model.h"

namespace portillon::report {

// A problem for every identity that does not hold, with the key of its first figure:
//     generated = acknowledged + rejected + discarded + unacknowledged + cached
//     delivered + undelivered = generated                  with a ledger
//     acknowledged - lost = delivered - unconfirmed        if both are known; both sides are what is acknowledged and
//                                                          delivered
// The same must hold for every phase, and also
//     response.count + response.unanswered = generated     if it is known
// For the stages together, if there are any: the sum of each count is the run's, and the histograms of the measured
// stages hold as many values as the run's.
Problems check_identities(const RunReport& run);

}  // namespace portillon::report
