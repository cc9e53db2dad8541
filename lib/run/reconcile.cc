#include "run/reconcile.h"

#include <utility>

namespace portillon::run {

Reconciled reconcile(std::vector<Range> unacknowledged, std::vector<Range> missing) {
    const auto waiting = normalised(std::move(unacknowledged));
    Reconciled result;
    result.undelivered = normalised(std::move(missing));
    result.lost = difference(result.undelivered, waiting);
    result.unconfirmed = difference(waiting, result.undelivered);
    return result;
}

}  // namespace portillon::run
