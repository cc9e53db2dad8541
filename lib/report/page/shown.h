#pragma once

// A figure as the page shows it: for people in its text, exactly in its attributes, and where it is absent, why.
//
//     <td data-figure="latency.response.p95_us" data-value="6307.839">6.31 ms</td>
//
// data-figure is where a run's report has it; data-value is what stands there, "null" for what is absent.

#include <optional>
#include <string>
#include <vector>

#include "report/model.h"
#include "report/page/html.h"

namespace portillon::report {

struct Shown {
    std::string figure;
    std::string value;  // exact; "null"
    std::string text;   // "6.31 ms"; an em dash
    std::string why;    // why it is absent, or what to know of it; may be empty
    std::string runs;   // data-runs: the places in the report of the runs it is made of; empty: its table says so
};

Html cell(const Shown& shown);                    // a right-aligned <td>
Html cell(const Shown& shown, const Html& note);  // with a small note below
Html inline_figure(const Shown& shown);           // a <span>
Html absent(const std::string& why);              // an em dash that says why

Shown shown_count(std::string figure, std::optional<Count> count, std::string why = {});
Shown shown_bytes(std::string figure, std::optional<double> bytes, std::string why = {});
Shown shown_us(std::string figure, std::optional<double> us, std::string why = {});
Shown shown_seconds(std::string figure, std::optional<double> seconds, std::string why = {});
Shown shown_value(std::string figure, std::optional<double> value, account::Amount amount, std::string why = {});
Shown shown_rate(std::string figure, std::optional<double> per_s, std::string why = {});

struct LatencyColumn {
    const char* key;    // "p95_us"
    const char* label;  // "P95"
};
// Those of the JSON report, in its order.
const std::vector<LatencyColumn>& latency_columns();

// `prefix`: of data-figure, "latency." or "phases.2.latency.". The run says why a latency is not there at all.
Shown shown_latency(const RunReport& run, const Latencies& latencies, const std::string& prefix,
                    const account::LatencyFigure& kind, const std::string& key);
Shown shown_latency(const RunReport& run, const std::string& kind, const std::string& key);

// Over the repeats of a row: the median of each figure, of values and of those that never came the sum.
struct Row;
Shown shown_latency(const Row& row, const std::string& kind, const std::string& key);

// The least and the greatest of what `figures` say, "6.10-6.90 ms"; empty of fewer than two.
std::string range_of(const std::vector<Shown>& figures);

// Why the server's account of a run is not known; empty where it is.
std::string why_no_ledger(const RunReport& run);
// Why nothing can be lost against a promise, or confirmed.
std::string why_no_promise(const RunReport& run);

}  // namespace portillon::report
