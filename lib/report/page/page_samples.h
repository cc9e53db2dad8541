#pragma once

// Reports for tests of the page: every kind, and what a page must survive.

#include <string>
#include <utility>
#include <vector>

#include "report/model.h"

namespace portillon::report {

// By name: healthy, troubled, staged, unacknowledged, without_ledger, empty, dead_shard, hostile, faults, comparison,
// duel.
std::vector<std::pair<std::string, Report>> page_samples();

// What a large run leaves: `intervals` seconds of 50,000 equipments, each with a histogram over four decades.
RunReport large_run(const std::string& protocol, std::size_t intervals, std::uint64_t seed);

// Four protocols of it.
Comparison large_comparison(std::size_t intervals);

// In every place that takes text.
extern const std::string hostile_text;

}  // namespace portillon::report
