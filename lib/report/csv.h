#pragma once

// Reports as CSV for spreadsheets and data frames: RFC 4180, but lines end with a line feed. The first line names the
// columns, which are the same for every report. A figure that was not measured is an empty field, never 0. Columns have
// the dotted names of the JSON report (latency.response.p95_us) if it has the figure. Later versions may add columns at
// the end; none is renamed.
//
// Both tables begin with columns that identify the run: scenario, name (of the target; empty if there is only one),
// protocol, variant, target, repeat, order (both 1 for a single run), superseded (true: the repeat was run again), run,
// seed, started_at.

#include <string>

#include "report/model.h"

namespace portillon::report {

// A row for each run, with an empty `phase`, followed by a row for each of its phases: its name, from_s, to_s, its
// counts and its latencies; columns that only whole runs have are empty there. A percentile that falls among the
// unanswered validations is empty, too; the latency's `unanswered` says how many those are. connect_failures and errors
// are sums; connect_failures.by_cause and errors.by_cause contain "CAUSE=COUNT CAUSE=COUNT".
std::string figures_csv(const Report& report);

// A row for each interval of each run: at_s, duration_s, due, acknowledged, delivered, connected, in_flight, cached,
// and count, p50_us, p95_us, p99_us and max_us of the responses in that interval; errors, the attempts that failed in
// it.
std::string intervals_csv(const Report& report);

}  // namespace portillon::report
