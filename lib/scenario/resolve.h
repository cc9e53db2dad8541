#pragma once

// Makes a Scenario from a document that was checked against the schema: reads quantities, fills in defaults, and checks
// the rules that no schema can express.

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "scenario/document.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// Limits, with their reasons. schema_limits.cc puts them into the schema where a schema can express them.
inline constexpr Nanos max_run = 24h * 366;                   // for the stages together, and for the last start
inline constexpr std::uint64_t max_batch_bytes = 16'000'000;  // in one message; no receiver takes more by default
inline constexpr double max_rate = 1'000'000;                 // per equipment and second
inline constexpr Nanos longest_delay = 1h;     // of a network fault; the delays of several faults are added up
inline constexpr Nanos shortest_rhythm = 1ms;  // of resets and flapping; each time is work for every equipment
inline constexpr Bytes smallest_payload{64}, largest_payload{65536};
inline constexpr std::uint64_t max_validations_per_s = 1'000'000'000;  // for the rate of fault `limit`
inline constexpr Nanos usual_rhythm_of_resets = 100ms;
inline constexpr Nanos usual_time_limit = 10s;  // of a command; a service that takes longer to stop says so

// `findings` contains what the schema found; resolve() adds its own. Values that the schema has refused are skipped.
Scenario resolve(const nlohmann::json& json, std::span<const KnownProtocol> protocols, Findings& findings);

}  // namespace portillon::scenario
