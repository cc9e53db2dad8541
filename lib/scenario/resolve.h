#pragma once

// From a document that the schema has seen to a Scenario: quantities are read, defaults filled in, and what a schema
// cannot say is checked.

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "scenario/document.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// Limits beyond the schema's, with their reasons.
inline constexpr Nanos max_run = 24h * 366;  // of the stages together, and of the last start
inline constexpr std::uint64_t max_batch_bytes =
    16'000'000;                                // one message; more than that no receiver takes by default
inline constexpr double max_rate = 1'000'000;  // per equipment and second
inline constexpr Nanos longest_delay = 1h;     // of a network's fault; any number of them may be added up
inline constexpr Nanos shortest_rhythm = 1ms;  // of resets and of flapping: each time is work for every equipment
inline constexpr Bytes smallest_payload{64}, largest_payload{65536};
inline constexpr std::uint64_t max_validations_per_s = 1'000'000'000;  // of a limit
inline constexpr Nanos usual_rhythm_of_resets = 100ms;

// `findings` holds what the schema found and takes what is found here; values that are wrong there are passed over.
Scenario resolve(const nlohmann::json& json, std::span<const KnownProtocol> protocols, Findings& findings);

}  // namespace portillon::scenario
