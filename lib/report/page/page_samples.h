#pragma once

// Reports for tests of the page: one of every kind, and some that are hostile or huge.

#include <string>
#include <utility>
#include <vector>

#include "report/model.h"

namespace portillon::report::page {

// The samples by name: healthy, troubled, staged, unacknowledged, without_ledger, empty, dead_shard, hostile, faults,
// comparison, duel.
std::vector<std::pair<std::string, Report>> page_samples();

// The report of a large run: 50,000 equipments for `intervals` seconds, each second with a histogram over four decades.
RunReport large_run(const std::string& protocol, std::size_t intervals, std::uint64_t seed);

// A comparison of large runs over four protocols.
Comparison large_comparison(std::size_t intervals);

// The text that the hostile sample has in every place that takes text.
extern const std::string hostile_text;

}  // namespace portillon::report::page
