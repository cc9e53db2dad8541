// Tables of the runs themselves: which runs there were, and where they ran.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "report/cells.h"
#include "report/latency_choice.h"
#include "report/prose.h"
#include "report/tables.h"

namespace portillon::report {

namespace {

constexpr std::string_view latencies_of_a_run[] = {"p50_us", "p95_us", "p99_us", "max_us"};
constexpr std::string_view counts_of_a_run[] = {"delivered", "lost", "undelivered"};

Cell said(const std::string& text, Form form = Form::prose) {
    return text.empty() ? absent_cell("not known") : text_cell(text, form);
}

Line line_of_run(const Row& row) {
    const auto& run = *row.runs.front().run;
    Line line{.cells = {text_cell(row.label)}, .runs = places_of(row)};
    for (const auto key : latencies_of_a_run) {
        line.cells.push_back(latency_cell(latencies_of(row), headline_of(row.entrant), key));
    }
    for (const auto name : counts_of_a_run) {
        line.cells.push_back(count_cell(row, *account::find_count(name)));
    }
    line.cells.insert(line.cells.end(), {text_cell(std::to_string(run.seed)), said(run.run, Form::code),
                                         said(run.target), said(run.context.started_at), verdict_cell(run.verdict)});
    return line;
}

// The targets of the rows; a single one if all rows have the same.
std::vector<std::string> targets_of(const std::vector<Row>& rows) {
    const auto& first = rows.front().whole.target;
    if (std::all_of(rows.begin(), rows.end(), [&first](const Row& row) { return row.whole.target == first; })) {
        return {first};
    }
    std::vector<std::string> targets;
    for (const auto& row : rows) {
        targets.push_back(row.label + ": " + row.whole.target);
    }
    return targets;
}

std::string libraries_of(const Context& context) {
    std::vector<std::string> libraries;
    for (const auto& [name, version] : context.libraries) {
        libraries.push_back(name + " " + version);
    }
    return fmt::format("{}", fmt::join(libraries, ", "));
}

}  // namespace

Table run_table(const std::vector<Row>& rows) {
    Table table{.title = "Runs", .columns = {{"run"}}, .groups = {{}}};
    for (const auto key : latencies_of_a_run) {
        table.columns.push_back({latency_column(key).label, Align::right});
    }
    for (const auto name : counts_of_a_run) {
        table.columns.push_back({std::string(name), Align::right});
    }
    table.columns.insert(table.columns.end(),
                         {{"seed", Align::right}, {"id"}, {"target"}, {"started"}, {"measurement"}});
    for (const auto& row : each_run_of(rows)) {
        table.groups.front().lines.push_back(line_of_run(row));
    }
    return table;
}

Table context_table(const std::vector<Row>& rows, const std::vector<std::string>& command) {
    Table table{.title = "Context", .columns = {{""}, {""}}, .groups = {{}}};
    const auto add = [&table](const char* name, Cell cell) {
        table.groups.front().lines.push_back({.cells = {text_cell(name), std::move(cell)}});
    };
    add("command", said(fmt::format("{}", fmt::join(command, " ")), Form::code));
    if (rows.empty()) {
        return table;
    }
    const auto& run = *rows.front().runs.front().run;
    const auto& context = run.context;
    for (const auto& target : targets_of(rows)) {
        add("target", said(target));
    }
    add("seed", said(std::to_string(run.seed), Form::code));
    if (rows.size() == 1 && rows.front().runs.size() == 1) {
        add("run", said(run.run, Form::code));
    }
    add("workload digest", said(run.scenario.workload_digest, Form::code));
    add("started", said(context.started_at));
    add("portillon", said(fmt::format("{}, commit {}", context.version, context.commit)));
    add("build", said(fmt::format("{}, {}", context.build_type, context.compiler)));
    add("machine", said(fmt::format("{}, {}, {}", context.cpu_model, counted(context.cores, "core"), context.kernel)));
    add("generator", said(counted(context.shards, "process")));
    add("libraries", said(libraries_of(context)));
    return table;
}

}  // namespace portillon::report
