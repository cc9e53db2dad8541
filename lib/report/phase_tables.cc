// Tables of the phases of a run: its stages, and the times around its faults.

#include <fmt/format.h>

#include "report/cells.h"
#include "report/fault_text.h"
#include "report/latency_choice.h"
#include "report/tables.h"

namespace portillon::report {

namespace {

constexpr std::string_view counts_told[] = {"generated", "acknowledged", "delivered", "lost", "undelivered"};
constexpr std::string_view latencies_told[] = {"p50_us",   "p90_us", "p95_us", "p99_us",
                                               "p99_9_us", "max_us", "count",  "unanswered"};

Table table_of_phases(const char* title, const char* head) {
    Table table{
        .title = title, .columns = {{head}, {"from", Align::right}, {"to", Align::right}}, .named_groups = true};
    for (const auto name : counts_told) {
        table.columns.push_back({std::string(name), Align::right});
    }
    for (const auto key : latencies_told) {
        table.columns.push_back({latency_column(key).label, Align::right});
    }
    return table;
}

std::string why_not_told(const RunReport& run, std::string_view count) {
    return count == "lost"                                  ? why_no_promise(run)
           : count == "delivered" || count == "undelivered" ? why_no_ledger(run)
                                                            : "";
}

// The line of a phase.
Line line_of(const Row& row, Cell head, const WholePhase& whole) {
    const auto& phase = *whole.first;
    const auto prefix = fmt::format("phases.{}.", whole.place);
    Line line{.cells = {std::move(head), moment_cell(phase.from_s), moment_cell(phase.to_s)}};
    for (const auto name : counts_told) {
        line.cells.push_back(count_cell(prefix + std::string(name),
                                        whole.counts.*account::find_count(name)->known_count,
                                        why_not_told(row.whole, name)));
    }
    const LatencyRepeats latencies{.run = &row.whole, .prefix = prefix + "latency.", .repeats = whole.latencies};
    for (const auto key : latencies_told) {
        line.cells.push_back(latency_cell(latencies, headline_of(row.entrant), key));
    }
    return line;
}

}  // namespace

Table stage_table(const std::vector<Row>& rows) {
    auto table = table_of_phases("Stages", "stage");
    for (const auto& row : rows) {
        LineGroup group{.heading = rows.size() > 1 ? row.label : "", .name = row.label, .runs = places_of(row)};
        for (const auto& stage : stages_of(row.entrant)) {
            auto head = text_cell(stage.first->name);
            if (!stage.first->measured) {
                head.remarks.push_back({"not measured"});
            }
            group.lines.push_back(line_of(row, std::move(head), stage));
        }
        if (!group.lines.empty()) {
            table.groups.push_back(std::move(group));
        }
    }
    return table;
}

Table fault_table(const std::vector<Row>& rows) {
    auto table = table_of_phases("Faults", "due");
    const auto runs = each_run_of(rows);
    for (const auto& row : runs) {
        const auto& run = *row.runs.front().run;
        for (const auto& fault : run.faults) {
            const auto whose = runs.size() > 1 ? row.label + ": " : std::string{};
            LineGroup group{.heading = whose + fault_line(run, fault),
                            .name = fmt::format("{}{} {}", whose, fault.number, fault.what),
                            .runs = places_of(row)};
            for (std::size_t i = 0; i < run.phases.size(); ++i) {
                const auto& phase = run.phases[i];
                if (phase.kind == "fault" && phase.fault == fault.number && phase.to_s > phase.from_s) {
                    group.lines.push_back(
                        line_of(row, text_cell(phase.part),
                                {.first = &phase, .place = i, .counts = phase.counts, .latencies = {&phase.latency}}));
                }
            }
            table.groups.push_back(std::move(group));
        }
    }
    return table;
}

}  // namespace portillon::report
