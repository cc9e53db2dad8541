#pragma once

// A run, as far as a server must know it to account for it.

#include <cstddef>
#include <string>
#include <vector>

#include "arrival/stages.h"
#include "base/units.h"
#include "wire/validation.h"

namespace portillon::plan {

inline constexpr std::size_t most_windows = 256;
inline constexpr std::size_t most_segments =
    1'000;  // as many as a scenario may have stages; 240 KB each, if it is used
inline constexpr std::uint32_t most_equipments = 10'000'000;
inline constexpr std::uint64_t most_run_validations = std::uint64_t{1} << 36;  // bitmaps of 8 GiB, if all of it arrived

struct RunSpec {
    RunId run{};
    wire::Payload payload;
    std::uint32_t equipments = 0;           // numbered 1..equipments
    Sequence sequences = 0;                 // of each equipment at most; greater ones are unexpected
    std::vector<arrival::Window> measured;  // which due times count in the histograms; empty: all
    // Parts of the run, by due time, with figures of their own; in order, without overlap.
    std::vector<arrival::Window> segments = {};
    bool operator==(const RunSpec& other) const;
};

// Says what is wrong with `spec`, for a person; empty if nothing.
std::string problem_of(const RunSpec& spec);

}  // namespace portillon::plan
