#pragma once

// Makes cells of a table from figures of a report. A cell has the figure rounded in its text, exactly in its value, and
// if the figure is absent, the reason.

#include <optional>
#include <string>
#include <vector>

#include "report/rows.h"
#include "report/table.h"

namespace portillon::report {

Cell text_cell(std::string text, Form form = Form::prose);

// `figure` is the key of the figure in the JSON report of a run.
Cell count_cell(std::string figure, std::optional<Count> count, std::string why = {});
Cell value_cell(std::string figure, std::optional<double> value, account::Amount amount, std::string why = {});

// The cell of a row's figure, made of the runs that count.
Cell count_cell(const Row& row, const account::CountFigure& figure);
Cell throughput_cell(const Row& row, const account::ValueFigure<Throughput>& figure);
Cell wire_cell(const Row& row, const account::ValueFigure<Wire>& figure);
Cell fleet_cell(const Row& row, const account::ValueFigure<Fleet>& figure);
Cell resource_cell(const Row& row, const account::Side& side, const account::ValueFigure<Resources>& figure);

// An absent figure with its reason; an instant in seconds since T0.
Cell absent_cell(std::string why);
Cell moment_cell(double seconds);

// "valid", "suspect" or "invalid", with the reasons as remarks.
Cell verdict_cell(const Verdict& verdict);

struct LatencyColumn {
    std::string key;    // "p95_us"
    std::string label;  // "P95"
};
// The figures of a latency that a report shows.
const std::vector<LatencyColumn>& latency_columns();
const LatencyColumn& latency_column(std::string_view key);

// The latencies of a stage, or of the whole run, in each repeat.
struct LatencyRepeats {
    const RunReport* run = nullptr;
    std::string prefix = "latency.";  // of the figure's key in the report
    std::vector<const Latencies*> repeats = {};
};
LatencyRepeats latencies_of(const Row& row);

// The median of a latency's figure over the repeats; for the numbers of values and of unanswered validations, the sum.
Cell latency_cell(const LatencyRepeats& of, const account::LatencyFigure& kind, std::string_view key);

// Why a run has no ledger's figures; empty if it has.
std::string why_no_ledger(const RunReport& run);
// Why `lost` and `unconfirmed` are not known: nothing is acknowledged, or there is no ledger.
std::string why_no_promise(const RunReport& run);

}  // namespace portillon::report
