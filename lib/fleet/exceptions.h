#pragma once

// The state in which each validation ended: after a run every generated validation is in exactly one state, the first
// of the list that holds. The tally counts them (account/figures.h).

#include <compare>
#include <cstdint>
#include <vector>

#include "base/units.h"

namespace portillon::fleet {

enum class State : std::uint8_t {
    acknowledged,    // any copy's acknowledgement was read, even late
    rejected,        // the server said no for good
    discarded,       // dropped from a full cache
    unacknowledged,  // sent at least once, fate unknown
    cached,          // due, never sent
};

// The validations first..last of an equipment are in a state other than acknowledged.
struct Exception {
    EquipmentId equipment{};
    Sequence first = 0;
    Sequence last = 0;
    State state = State::cached;
    auto operator<=>(const Exception&) const = default;
};

// Sorts by equipment, then `first`; neighbours of the same state become one exception.
void put_in_order(std::vector<Exception>& exceptions);

}  // namespace portillon::fleet
