#pragma once

// A program that links portillon::counted_new has an operator new that counts.

#include <cstdint>

namespace portillon::testing {

std::uint64_t allocations_so_far();

}  // namespace portillon::testing
