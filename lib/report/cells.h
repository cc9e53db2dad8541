#pragma once

// Figures of a report as cells of a table: for people in its text, exactly in its value, and where a figure is absent,
// why.

#include <optional>
#include <string>
#include <vector>

#include "report/rows.h"
#include "report/table.h"

namespace portillon::report {

Cell text_cell(std::string text, Form form = Form::prose);

// `figure` is where a run's report has it.
Cell count_cell(std::string figure, std::optional<Count> count, std::string why = {});
Cell value_cell(std::string figure, std::optional<double> value, account::Amount amount, std::string why = {});

// A figure of a row, made of the runs that count.
Cell count_cell(const Row& row, const account::CountFigure& figure);
Cell throughput_cell(const Row& row, const account::ValueFigure<Throughput>& figure);
Cell wire_cell(const Row& row, const account::ValueFigure<Wire>& figure);
Cell fleet_cell(const Row& row, const account::ValueFigure<Fleet>& figure);
Cell resource_cell(const Row& row, const account::Side& side, const account::ValueFigure<Resources>& figure);

// Absent with its reason, or seconds since T0.
Cell absent_cell(std::string why);
Cell moment_cell(double seconds);

// "valid" and what else to know of the measurement.
Cell verdict_cell(const Verdict& verdict);

struct LatencyColumn {
    std::string key;    // "p95_us"
    std::string label;  // "P95"
};
// What the report tells of a latency.
const std::vector<LatencyColumn>& latency_columns();
const LatencyColumn& latency_column(std::string_view key);

// The latencies of one stage, or of the whole, in each of the repeats of `run`.
struct LatencyRepeats {
    const RunReport* run = nullptr;
    std::string prefix = "latency.";  // of the figure
    std::vector<const Latencies*> repeats = {};
};
LatencyRepeats latencies_of(const Row& row);

// The median over the repeats; of values and of those that never came the sum.
Cell latency_cell(const LatencyRepeats& of, const account::LatencyFigure& kind, std::string_view key);

// Why the server's account of a run is not known; empty where it is.
std::string why_no_ledger(const RunReport& run);
// Why nothing can be lost against a promise, or confirmed.
std::string why_no_promise(const RunReport& run);

}  // namespace portillon::report
