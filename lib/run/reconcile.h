#pragma once

// Compares the generator's account and the server's as sets. Both sides list only exceptions, as ranges:
//
//     lost         acknowledged, not delivered
//     undelivered  generated, not delivered
//     unconfirmed  delivered, not acknowledged

#include <vector>

#include "account/range.h"

namespace portillon::run {

using account::Range;

struct Reconciled {
    std::vector<Range> lost, undelivered, unconfirmed;  // undelivered contains lost
};

// `unacknowledged`: generated and not acknowledged, for whatever reason; `missing`: generated and not delivered. Any
// order.
Reconciled reconcile(std::vector<Range> unacknowledged, std::vector<Range> missing);

}  // namespace portillon::run
