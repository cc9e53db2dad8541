#pragma once

// Writes a scenario as text, with every default.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "scenario/scenario.h"

namespace portillon::scenario {

// Keys have the order of the schema; quantities are exact and written as people write them ("30s", "10/s", "2GB").
nlohmann::ordered_json resolved_json(const Scenario& scenario);

// JSON on one line; parse() makes an equal scenario of it.
std::string serialize(const Scenario& scenario);

// YAML for people, a line for each setting; parse() reads it, too.
std::string to_yaml(const Scenario& scenario);

// 16 hexadecimal digits of the SHA-256 of the resolved fleet, traffic, delivery, faults, seed and compression: runs
// with the same digest do the same work. `scenario` is already compressed. Protocol, its options, thresholds and names
// are not part of it, so that one workload can be compared over two protocols.
std::string workload_digest(const Scenario& scenario, double compression);

}  // namespace portillon::scenario
