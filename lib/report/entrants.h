#pragma once

// Who takes part in a report: all runs of one protocol, variant and target are one entrant, a row of its tables. A lone
// run is the one entrant of its report.

#include <optional>
#include <string>
#include <vector>

#include "report/model.h"

namespace portillon::report {

struct Entrant {
    std::string name;  // "mqtt QoS 0"; "cand", or "cand mqtt" when targets were named; short and unique
    std::vector<const RunReport*> runs;  // its repeats, as they ran; at least one
};

// In the order in which they first ran. `report` must outlive them.
std::vector<Entrant> entrants_of(const Comparison& comparison);
std::vector<Entrant> entrants_of(const Report& report);

// The first of these named targets that nobody could connect to in one of its runs; empty: there is none. What was
// never reached cannot be compared with what was.
std::string unreachable_in(const Comparison& comparison, const std::vector<std::string>& names);

// Over all runs of an entrant; absent if it is so in any of them.
std::optional<Latency> merged(const Entrant& entrant, std::optional<Latency> Latencies::*which);

// A name for a file: "cand-mqtt-qos-0".
std::string file_name_of(const Entrant& entrant);

}  // namespace portillon::report
