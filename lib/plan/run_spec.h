#pragma once

// The description of a run from which a server can keep a ledger of it.

#include <cstddef>
#include <string>
#include <vector>

#include "arrival/stages.h"
#include "base/units.h"
#include "wire/validation.h"

namespace portillon::plan {

inline constexpr std::size_t most_windows = 256;
inline constexpr std::size_t most_segments =
    1'000;  // as many as a scenario may have stages; a segment takes 240 KB once it is used
inline constexpr std::uint32_t most_equipments = 10'000'000;
inline constexpr std::uint64_t most_run_validations = std::uint64_t{1} << 36;  // bitmaps of 8 GiB if all of them arrive

struct RunSpec {
    RunId run{};
    wire::Payload payload;
    std::uint32_t equipments = 0;           // numbered 1..equipments
    Sequence sequences = 0;                 // the greatest sequence of any equipment; greater ones are unexpected
    std::vector<arrival::Window> measured;  // due times in these windows count in the histograms; empty: all do
    // Parts of the run by due time, for each of which the ledger keeps figures; in order, without overlap.
    std::vector<arrival::Window> segments = {};
    bool operator==(const RunSpec& other) const;
};

// Describes what is wrong with `spec`, in words for the user; empty if it is right.
std::string problem_of(const RunSpec& spec);

}  // namespace portillon::plan
