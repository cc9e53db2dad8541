#pragma once

// Sets of validations, as ranges: a run has too many validations to name each one.

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"

namespace portillon::account {

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

}  // namespace portillon::account
