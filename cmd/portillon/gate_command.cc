#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "report/file.h"
#include "report/json.h"
#include "report/judged.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

struct GateOptions {
    std::string path;
    std::vector<std::string> thresholds;
    std::string junit_path;
    bool strict = false;
};

Checked<report::Report> load(const std::string& path) {
    const auto text = report::read_file(path);
    if (text.has_error()) {
        return Problems{{.source = path, .key = {}, .message = text.error().message()}};
    }
    return report::parse_report(*text, path);
}

// Every problem of the options and of the report at once.
Checked<std::vector<report::JudgedRun>> judged(const GateOptions& options) {
    Problems problems;
    std::vector<gate::Threshold> thresholds;
    for (const auto& text : options.thresholds) {
        const auto threshold = gate::parse_cli_threshold(text);
        if (threshold) {
            thresholds.push_back(*threshold);
        } else {
            problems.insert(problems.end(), threshold.problems().begin(), threshold.problems().end());
        }
    }
    const auto report = load(options.path);
    if (!report) {
        problems.insert(problems.end(), report.problems().begin(), report.problems().end());
    }
    if (!problems.empty()) {
        return problems;
    }
    auto runs = report::judge(*report, thresholds);
    if (runs) {
        return runs;
    }
    problems = runs.problems();
    for (auto& problem : problems) {
        problem.source = options.path;
    }
    return problems;
}

Exit exit_of(report::Standing standing) {
    switch (standing) {
        case report::Standing::passed:
            return Exit::passed;
        case report::Standing::breached:
            return Exit::breached;
        case report::Standing::untrusted:
            break;
    }
    return Exit::invalid;
}

const char* last_line(Exit exit) {
    switch (exit) {
        case Exit::passed:
            return "gate: passed\n";
        case Exit::breached:
            return "gate: FAILED\n";
        default:
            return "gate: FAILED, the measurement is not to be trusted\n";
    }
}

Exit gate(const GateOptions& options) {
    const auto runs = judged(options);
    if (!runs) {
        print_problems(runs.problems());
        return Exit::usage;
    }
    const auto strictness = options.strict ? report::Strictness::strict : report::Strictness::lenient;
    const auto exit = exit_of(report::standing_of(*runs, strictness));
    const auto failure = report::write_file("-", report::format_judged(*runs) + last_line(exit));
    if (failure) {
        fmt::print(stderr, "portillon: standard output: {}\n", failure.message());
    }
    if (!options.junit_path.empty()) {
        if (const auto unwritten = report::write_file(options.junit_path, report::junit_xml(*runs, strictness))) {
            fmt::print(stderr, "portillon: {}: {}\n", options.junit_path, unwritten.message());
            return Exit::failed;
        }
    }
    return failure ? Exit::failed : exit;
}

}  // namespace

void add_gate_command(CLI::App& app, Exit& exit) {
    auto* command =
        app.add_subcommand("gate", "Judge a saved report: exit 0 when every threshold holds, 99 when one does not");
    command->footer(
        "A threshold is METRIC: AGGREGATE OPERATOR BOUND, as in k6:\n"
        "  response: p(95)<50ms    end_to_end: max<1s    lost: count==0    undelivered: rate<0.001\n"
        "  delivered_per_s: value>1000    server.rss_bytes: value<2GB\n"
        "What was not measured never passes. 3: the measurement is invalid or incomplete.\n"
        "Example: portillon gate report.json --threshold 'response: p(95)<50ms' --threshold 'lost: count==0'");
    const auto options = std::make_shared<GateOptions>();
    command->add_option("REPORT", options->path, "what run or compare wrote; - reads standard input")->required();
    command
        ->add_option("--threshold", options->thresholds,
                     "'METRIC: EXPRESSION', as often as wanted; without any, the report's own are judged")
        ->allow_extra_args(false);
    command->add_option("--junit", options->junit_path, "write the result as JUnit XML");
    command->add_flag("--strict", options->strict, "a suspect measurement fails too");
    command->callback([options, &exit] { exit = gate(*options); });
}

}  // namespace portillon::cmd
