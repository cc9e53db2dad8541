#pragma once

// Reports as tables for spreadsheets and data frames: RFC 4180, but with line feeds; the first line names the columns,
// and the columns do not depend on what a report holds. What was not measured is an empty field, never 0. Columns have
// the dotted names of the JSON report (latency.response.p95_us) wherever it has them. Later versions may add columns,
// at the end; none is renamed.
//
// Both tables begin with who it was: scenario, name (of the target; empty where there is one), protocol, variant,
// target, repeat, order (both 1 for a single run), superseded (true: its repeat was run again), run, seed, started_at.

#include <string>

#include "report/model.h"

namespace portillon::report {

// A row for each run, with an empty `phase`, followed by one for each of its phases: its name, from_s, to_s, its counts
// and its latencies; what is told only of whole runs is empty there. A percentile that falls among the never answered
// is empty, too: the latency's `unanswered` says how many those are.
// connect_failures and errors are sums; connect_failures.by_cause and errors.by_cause say "CAUSE=COUNT CAUSE=COUNT".
std::string figures_csv(const Report& report);

// A row for each interval of each run: at_s, duration_s, due, acknowledged, delivered, connected, in_flight, cached,
// and count, p50_us, p95_us, p99_us and max_us of the responses that came in it.
std::string intervals_csv(const Report& report);

}  // namespace portillon::report
