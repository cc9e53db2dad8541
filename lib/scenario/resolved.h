#pragma once

// A scenario as text again, every default written out.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "scenario/scenario.h"

namespace portillon::scenario {

// In the order of the contract; quantities as people write them ("30s", "10/s", "2GB"), exactly.
nlohmann::ordered_json resolved_json(const Scenario& scenario);

// For a shard: parse() makes an equal scenario of it.
std::string serialize(const Scenario& scenario);

// For people: YAML, a line per setting. parse() reads it too.
std::string to_yaml(const Scenario& scenario);

// 16 hexadecimal digits of the SHA-256 of the resolved fleet, traffic, delivery, faults, seed and compression: reports
// with the same digest did the same work. `scenario` is the compressed one. Protocol, its options, thresholds and names
// lie outside, so that one workload over two protocols can be compared.
std::string workload_digest(const Scenario& scenario, double compression);

}  // namespace portillon::scenario
