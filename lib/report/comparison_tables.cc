// The tables of a comparison: what a manager asks, one table for each question.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"
#include "report/cells.h"
#include "report/derived.h"
#include "report/latency_choice.h"
#include "report/prose.h"
#include "report/tables.h"

namespace portillon::report {

namespace {

constexpr std::string_view latencies_compared[] = {"p50_us", "p95_us", "p99_us"};

Cell name_cell(const Row& row) {
    auto cell = text_cell(row.label);
    cell.remarks.push_back({row.whole.wire.encoding});
    if (headline_of(row.entrant).name == "end_to_end") {
        cell.remarks.push_back({"end to end: no answers"});
    }
    const auto verdict = verdict_cell(row.whole.verdict);
    cell.remarks.push_back({verdict.text, verdict.mood});
    cell.remarks.insert(cell.remarks.end(), verdict.remarks.begin(), verdict.remarks.end());
    if (row.entrant.asked > 1) {
        cell.remarks.push_back({fmt::format("{} of {} repeats valid", row.entrant.valid(), row.entrant.asked)});
    }
    return cell;
}

// ------------------------------------------------------------------------------------------------------ the promise

// The threshold that promises a response time for the whole run: one on P95 if there is one, else the first.
std::optional<gate::Threshold> promise_of(const Row& row) {
    std::optional<gate::Threshold> promise;
    for (const auto& threshold : own_thresholds(row.entrant)) {
        const bool from_above =
            threshold.comparison == gate::Comparison::less || threshold.comparison == gate::Comparison::at_most;
        const bool on_p95 = threshold.aggregate == gate::Aggregate::percentile && threshold.percent == 95;
        if (threshold.metric.name == headline_of(row.entrant).name && threshold.stage.empty() && from_above &&
            threshold.bound > 0 && (!promise || (on_p95 && promise->percent != 95))) {
            promise = threshold;
        }
    }
    return promise;
}

// "promise: P95<50ms" if all rows promise the same, else "promise".
std::string heading_of_promise(const std::vector<Row>& rows) {
    std::string said;
    for (const auto& row : rows) {
        const auto promise = promise_of(row);
        const auto its = promise ? promise->expression : std::string{};
        if (!said.empty() && !its.empty() && its != said) {
            return "promise";
        }
        said = its.empty() ? said : its;
    }
    return said.empty() ? "promise" : "promise " + said;
}

// The observed figure in percent of what is promised.
Cell promise_cell(const Row& row) {
    const auto promise = promise_of(row);
    if (!promise) {
        return absent_cell("the scenario promises no response time");
    }
    const auto judged = judge(row.entrant, *promise).judged;
    const auto spread = spread_of(row.entrant, *promise);
    Cell cell{.mood = judged.passed ? Mood::good : Mood::bad};
    if (spread.value) {
        cell.text = (judged.passed ? "" : "broken: ") + percent_text(*spread.value / promise->bound);
    } else {
        cell.text = "broken";
        cell.remarks.push_back({judged.reason});
    }
    return cell;
}

// ---------------------------------------------------------------------------------------------------- derived costs

// The median of a derived figure over the repeats, and its range.
template <class Of, class Text>
Cell derived_cell(const Row& row, Of of, Text text, const char* why) {
    std::vector<gate::Figure> figures;
    for (const auto& entry : row.counting) {
        figures.push_back({of(*entry.run), {}});
    }
    Cell cell{.spread = spread_of(figures)};
    if (!cell.spread.value) {
        return absent_cell(why);
    }
    cell.text = text(*cell.spread.value);
    if (figures.size() > 1 && cell.spread.least) {
        cell.range = range_text(text(*cell.spread.least), text(*cell.spread.most));
    }
    return cell;
}

std::string text_of_cores(double cores) {
    return fmt::format("{:.{}f}", cores, cores >= 100 ? 0 : cores >= 10 ? 1 : 2);
}

std::string text_of_bytes(double bytes) {
    return gate::humanize_figure(gate::Kind::bytes, std::round(bytes));
}

std::string text_of_volume(double bytes) {
    return bytes >= 1e12 ? three_digits(bytes / 1e12) + " TB" : three_digits(bytes / 1e9) + " GB";
}

std::string text_of_network(double bytes_per_s) {
    return three_digits(bytes_per_s / 1e6) + " MB/s";
}

constexpr const char* unknown_server = "the server is not ours: what it costs is not known";

Cell cores_cell(const Row& row, const account::Side& side) {
    return derived_cell(
        row, [&side](const RunReport& run) { return cores_of(run, side); }, text_of_cores,
        side.name == "server" && !row.whole.resources.server ? unknown_server : "not measured");
}

Cell needs_cell(const Row& row, std::optional<double> Needs::*need, std::string (*text)(double)) {
    return derived_cell(
        row, [need](const RunReport& run) { return needs_of(run, equipments_of_needs).*need; }, text,
        !row.whole.resources.server && need != &Needs::bytes_per_month ? unknown_server : "not measured");
}

const account::ValueFigure<Resources>& resource(std::string_view name) {
    return *account::find_value(account::resource_figures, name);
}

// ----------------------------------------------------------------------------------------------------- the tables

// A table with a line for each row; `cells_of` makes its cells.
template <class CellsOf>
Table table_of_rows(const std::vector<Row>& rows, std::string title, std::vector<Column> columns, CellsOf cells_of) {
    Table table{.title = std::move(title), .columns = std::move(columns), .groups = {{}}};
    table.columns.insert(table.columns.begin(), {"protocol"});
    for (const auto& row : rows) {
        Line line{.cells = cells_of(row), .runs = places_of(row)};
        line.cells.insert(line.cells.begin(), name_cell(row));
        table.groups.front().lines.push_back(std::move(line));
    }
    return table;
}

// The rate without its unit, which is in the heading.
Cell acknowledged_cell(const Row& row) {
    auto cell = throughput_cell(row, *account::find_value(account::throughput_figures, "acknowledged_per_s"));
    const auto without_unit = [](double per_s) { return gate::humanize_figure(gate::Kind::number, per_s); };
    cell.text = cell.spread.value ? without_unit(*cell.spread.value) : cell.text;
    if (!cell.range.empty()) {
        cell.range = range_text(without_unit(*cell.spread.least), without_unit(*cell.spread.most));
    }
    return cell;
}

Table times_table(const std::vector<Row>& rows) {
    std::vector<Column> columns{{"acknowledged per second", Align::right}};
    for (const auto key : latencies_compared) {
        columns.push_back({latency_column(key).label, Align::right});
    }
    columns.push_back({heading_of_promise(rows), Align::right});
    return table_of_rows(rows, "What users get", std::move(columns), [](const Row& row) {
        std::vector<Cell> cells{acknowledged_cell(row)};
        const auto& kind = headline_of(row.entrant);
        for (const auto key : latencies_compared) {
            cells.push_back(latency_cell(latencies_of(row), kind, key));
            cells.back().mark = kind.name == "end_to_end" ? "*" : "";
        }
        cells.push_back(promise_cell(row));
        return cells;
    });
}

Cell errors_cell(const Row& row) {
    const auto errors = errors_of(row.whole);
    const auto generated = row.whole.counts.generated.value_or(0);
    return text_cell(generated == 0 ? counted(errors)
                                    : percent_text(static_cast<double>(errors) / static_cast<double>(generated)));
}

Table safety_table(const std::vector<Row>& rows) {
    return table_of_rows(
        rows, "What gets through",
        {{"errors", Align::right}, {"lost", Align::right}, {"undelivered", Align::right}, {"measurement"}},
        [](const Row& row) {
            return std::vector<Cell>{errors_cell(row), count_cell(row, *account::find_count("lost")),
                                     count_cell(row, *account::find_count("undelivered")),
                                     text_cell(row.entrant.verdict_text())};
        });
}

Table side_costs_table(const std::vector<Row>& rows, const account::Side& side, std::string title) {
    return table_of_rows(rows, std::move(title),
                         {{"CPU cores", Align::right},
                          {"CPU per validation", Align::right},
                          {"memory", Align::right},
                          {"memory per connection", Align::right}},
                         [&side](const Row& row) {
                             return std::vector<Cell>{cores_cell(row, side),
                                                      resource_cell(row, side, resource("cpu_us_per_validation")),
                                                      resource_cell(row, side, resource("rss_bytes")),
                                                      resource_cell(row, side, resource("rss_bytes_per_equipment"))};
                         });
}

Table network_table(const std::vector<Row>& rows) {
    return table_of_rows(rows, "What the network carries",
                         {{"both ways", Align::right},
                          {"bytes per validation", Align::right},
                          {"TCP/IP adds, estimated", Align::right},
                          {"encoding"}},
                         [](const Row& row) {
                             return std::vector<Cell>{
                                 derived_cell(row, network_bytes_per_s, text_of_network, "not measured"),
                                 wire_cell(row, *account::find_value(account::wire_figures, "bytes_per_validation")),
                                 derived_cell(row, tcp_ip_bytes_per_validation, text_of_bytes, "not measured"),
                                 text_cell(row.whole.wire.encoding)};
                         });
}

Table needs_table(const std::vector<Row>& rows) {
    return table_of_rows(
        rows, fmt::format("What {} such equipments need, extrapolated", counted(equipments_of_needs)),
        {{"cores of servers", Align::right}, {"memory of servers", Align::right}, {"network a month", Align::right}},
        [](const Row& row) {
            return std::vector<Cell>{needs_cell(row, &Needs::cores, text_of_cores),
                                     needs_cell(row, &Needs::memory_bytes, text_of_bytes),
                                     needs_cell(row, &Needs::bytes_per_month, text_of_volume)};
        });
}

}  // namespace

std::vector<Table> comparison_tables(const std::vector<Row>& rows) {
    return {times_table(rows),
            safety_table(rows),
            side_costs_table(rows, account::sides[1], "What the server needs"),
            network_table(rows),
            side_costs_table(rows, account::sides[0], "What the equipments' side needs"),
            needs_table(rows)};
}

}  // namespace portillon::report
