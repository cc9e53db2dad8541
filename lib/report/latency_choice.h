#pragma once

// Which of a run's latencies is meant.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/entrants.h"
#include "report/model.h"

namespace portillon::report {

using LatencyMember = std::optional<Latency> Latencies::*;

struct LatencyName {
    std::string_view name;  // "end_to_end"
    LatencyMember member;
};

// All of them, in the order of the report.
const std::vector<LatencyName>& latency_names();

std::optional<LatencyName> find_latency(std::string_view name);

// response; end_to_end where nothing is acknowledged.
LatencyName headline_of(const Entrant& entrant);

}  // namespace portillon::report
