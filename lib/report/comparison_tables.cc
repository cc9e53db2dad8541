#include <fmt/format.h>

#include "report/cells.h"
#include "report/latency_choice.h"
#include "report/tables.h"

namespace portillon::report {

namespace {

constexpr std::string_view latencies_compared[] = {"p50_us", "p95_us", "p99_us", "max_us"};
constexpr std::string_view counts_compared[] = {"delivered", "lost", "undelivered"};

struct Price {
    std::string_view figure;  // a name in resource_figures
    const char* heading;
};
constexpr Price prices[] = {{"cpu_us_per_validation", "CPU / validation"},
                            {"rss_bytes_per_equipment", "memory / equipment"}};

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

Line line_of_comparison(const Row& row) {
    Line line{.cells = {name_cell(row)}, .runs = places_of(row)};
    const auto& kind = headline_of(row.entrant);
    for (const auto key : latencies_compared) {
        line.cells.push_back(latency_cell(latencies_of(row), kind, key));
        line.cells.back().mark = kind.name == "end_to_end" ? "*" : "";
    }
    for (const auto name : counts_compared) {
        line.cells.push_back(count_cell(row, *account::find_count(name)));
    }
    for (const auto& price : prices) {
        for (const auto& side : account::sides) {
            line.cells.push_back(
                resource_cell(row, side, *account::find_value(account::resource_figures, price.figure)));
        }
    }
    line.cells.push_back(wire_cell(row, *account::find_value(account::wire_figures, "bytes_per_validation")));
    line.cells.push_back(text_cell(row.whole.wire.encoding));
    line.cells.push_back(text_cell(row.entrant.verdict_text()));
    return line;
}

}  // namespace

Table comparison_of(const std::vector<Row>& rows) {
    Table table{.title = "Comparison", .columns = {{"protocol"}}, .groups = {{}}};
    for (const auto key : latencies_compared) {
        table.columns.push_back({latency_column(key).label, Align::right, "latency"});
    }
    for (const auto name : counts_compared) {
        table.columns.push_back({std::string(name), Align::right, "validations"});
    }
    for (const auto& price : prices) {
        for (const auto& side : account::sides) {
            table.columns.push_back({std::string(side.name), Align::right, price.heading});
        }
    }
    table.columns.insert(table.columns.end(), {{"bytes / validation", Align::right}, {"encoding"}, {"measurement"}});
    for (const auto& row : rows) {
        table.groups.front().lines.push_back(line_of_comparison(row));
    }
    return table;
}

}  // namespace portillon::report
