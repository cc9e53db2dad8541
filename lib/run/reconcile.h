#pragma once

// Compares the generator's account and the server's as sets. Both sides list only exceptions, as ranges:
//
//     lost         acknowledged, not delivered
//     undelivered  generated, not delivered
//     unconfirmed  delivered, not acknowledged

#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"

namespace portillon::run {

// Consecutive validations of one equipment, both ends included.
struct Range {
    EquipmentId equipment{};
    Sequence first = 1;
    Sequence last = 1;
    auto operator<=>(const Range&) const = default;
};

std::uint64_t count_of(std::span<const Range> ranges);

// Sorts by equipment and sequence and joins what overlaps or touches.
std::vector<Range> normalised(std::vector<Range> ranges);

// a without b; both normalised, and so is what is returned.
std::vector<Range> difference(std::span<const Range> a, std::span<const Range> b);

struct Reconciled {
    std::vector<Range> lost, undelivered, unconfirmed;  // undelivered contains lost
};

// `unacknowledged`: generated and not acknowledged, for whatever reason; `missing`: generated and not delivered. Any
// order.
Reconciled reconcile(std::vector<Range> unacknowledged, std::vector<Range> missing);

}  // namespace portillon::run
