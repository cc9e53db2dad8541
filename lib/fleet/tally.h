#pragma once

// What became of each validation. After a run every one that was generated is in exactly one state, the first that
// holds.

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

// Validations, but for the last four.
struct Tally {
    std::uint64_t generated = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t rejected = 0;
    std::uint64_t discarded = 0;
    std::uint64_t unacknowledged = 0;
    std::uint64_t cached = 0;
    std::uint64_t retries = 0;           // batches written again: sent_batches less those written for the first time
    std::uint64_t sent_batches = 0;      // batches written, each attempt
    std::uint64_t retries_put_off = 0;   // because the budget was spent
    std::uint64_t breaker_openings = 0;  // all equipments together

    bool balanced() const { return generated == acknowledged + rejected + discarded + unacknowledged + cached; }
    bool operator==(const Tally&) const = default;
};

// The validations first..last of an equipment are in a state other than acknowledged.
struct Exception {
    EquipmentId equipment{};
    Sequence first = 0;
    Sequence last = 0;
    State state = State::cached;
    auto operator<=>(const Exception&) const = default;
};

// Into the order of (equipment, first); neighbours of one state become one.
void put_in_order(std::vector<Exception>& exceptions);

}  // namespace portillon::fleet
