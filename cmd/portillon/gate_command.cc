#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "exits.h"
#include "files.h"
#include "format_option.h"
#include "json_answer.h"
#include "print.h"
#include "report/diff.h"
#include "report/diff_terminal.h"
#include "report/judged.h"
#include "report/judged_json.h"
#include "report_argument.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

struct GateOptions {
    std::string path;
    std::vector<std::string> thresholds;
    std::string baseline;  // empty: none
    std::string max_regression = "10%";
    std::optional<std::string> junit_path;
    bool strict = false;
    bool each = false;  // judge every repeat by itself
    FormatOption format;
    std::shared_ptr<Files> files;
};

// The reports that were read, and the parts of them that were asked for; these point into the reports.
struct Subject {
    report::Report report;
    std::optional<report::Report> other;  // the baseline's, if it is another file
    std::vector<gate::Threshold> thresholds;
    double max_regression = 0;
    std::optional<report::Selection> part, baseline;
};

template <class Value>
std::optional<Value> noted(Checked<Value> checked, Problems& problems) {
    if (!checked) {
        problems.insert(problems.end(), checked.problems().begin(), checked.problems().end());
        return std::nullopt;
    }
    return std::move(*checked);
}

// Reports every problem of the options and of the reports at once, and returns nothing then.
std::unique_ptr<Subject> loaded(const GateOptions& options, Problems& problems) {
    auto subject = std::make_unique<Subject>();
    for (const auto& text : options.thresholds) {
        if (auto threshold = noted(gate::parse_cli_threshold(text), problems)) {
            subject->thresholds.push_back(std::move(*threshold));
        }
    }
    subject->max_regression = noted(parse_percentage(options.max_regression, "--max-regression"), problems).value_or(0);
    const auto argument = report_argument(options.path);
    const auto baseline = report_argument(options.baseline);
    auto report = noted(load_report(argument.path), problems);
    const bool another = !options.baseline.empty() && baseline.path != argument.path;
    if (another) {
        subject->other = noted(load_report(baseline.path), problems);
    }
    if (!problems.empty()) {
        return nullptr;
    }
    subject->report = std::move(*report);
    const bool whole = argument.part.empty() && options.baseline.empty();
    if (!whole) {
        subject->part = noted(report::select(subject->report, argument.part, argument.text), problems);
    }
    if (!options.baseline.empty()) {
        subject->baseline =
            noted(report::select(another ? *subject->other : subject->report, baseline.part, baseline.text), problems);
    }
    return problems.empty() ? std::move(subject) : nullptr;
}

// The part as a report of its own; the whole report if no part was named.
report::Report report_of(const Subject& subject) {
    const auto* comparison = std::get_if<report::Comparison>(&subject.report);
    if (!subject.part || comparison == nullptr) {
        return subject.report;
    }
    report::Comparison part{
        .scenario = comparison->scenario, .command = comparison->command, .runs = {}, .repeats = comparison->repeats};
    for (const auto& turn : comparison->runs) {
        const auto& runs = subject.part->runs;
        if (std::any_of(runs.begin(), runs.end(), [&turn](const auto& entry) { return entry.run == &turn.run; })) {
            part.runs.push_back(turn);
        }
    }
    return part;
}

const char* last_line(Exit exit) {
    switch (exit) {
        case Exit::passed:
            return "gate: passed\n";
        case Exit::breached:
            return "gate: FAILED\n";
        default:
            return "gate: FAILED, the measurement cannot be trusted\n";
    }
}

report::Standing worst_of(report::Standing a, report::Standing b) {
    return std::max(a, b);
}

// The comparison of a report with its baseline, for people.
std::string told(const report::Diff& diff, report::Strictness strictness) {
    auto text = "\n" + report::format_diff(diff, report::Style::plain) + "\n";
    const char* label = strictness == report::Strictness::strict ? "FAIL" : "warning";
    for (const auto& doubt : report::doubts_about(diff)) {
        text += fmt::format("{}: {}\n", label, doubt);
    }
    return text;
}

nlohmann::ordered_json gate_answer(const std::vector<report::JudgedRun>& runs, const std::optional<report::Diff>& diff,
                                   Exit exit) {
    auto json = json_answer("gate", exit);
    json["passed"] = exit == Exit::passed;
    json["trusted"] = exit != Exit::invalid;
    json["rows"] = report::json_of_judged(runs);
    json["baseline"] = diff ? report::json_of_diff(*diff) : nlohmann::ordered_json();
    if (diff) {
        json["doubts"] = report::doubts_about(*diff);
    }
    return json;
}

Exit gate(const GateOptions& options) {
    Problems problems;
    const auto subject = loaded(options, problems);
    const auto others = options.baseline.empty() ? report::Others::none : report::Others::baseline;
    const auto runs = subject ? noted(report::judge(report_of(*subject), subject->thresholds, others,
                                                    options.each ? report::Judged::each : report::Judged::rows),
                                      problems)
                              : std::optional<std::vector<report::JudgedRun>>{};
    if (!runs) {
        for (auto& problem : problems) {
            problem.source = problem.source.empty() ? options.path : problem.source;
        }
        print_problems(problems);
        return Exit::usage;
    }
    const auto strictness = options.strict ? report::Strictness::strict : report::Strictness::lenient;
    auto standing = report::standing_of(*runs, strictness);
    auto text = report::format_judged(*runs);
    std::optional<report::Diff> diff;
    if (subject->baseline) {
        diff = report::diff(*subject->baseline, *subject->part, {.min_effect = subject->max_regression});
        standing = worst_of(standing, report::standing_of(*diff, strictness));
        text += told(*diff, strictness);
    }
    const auto exit = exit_of(standing);
    if (options.format.json()) {
        print_json(options.files->words(), gate_answer(*runs, diff, exit));
    } else {
        show(options.files->words(), text + last_line(exit));
    }
    const bool written =
        !options.junit_path ||
        write_output(*options.junit_path, report::junit_xml(*runs, strictness, diff ? &*diff : nullptr));
    return written ? exit : Exit::failed;
}

}  // namespace

void add_gate_command(CLI::App& app, Exit& exit) {
    auto* command =
        app.add_subcommand("gate", "Judge a saved report: exit 0 when every threshold holds, 99 when one does not");
    command->footer(
        "A threshold is METRIC: AGGREGATE OPERATOR BOUND, as in k6:\n"
        "  response: p(95)<50ms    end_to_end: max<1s    lost: count==0    undelivered: rate<0.001\n"
        "  delivered_per_s: value>1000    server.rss_bytes: value<2GB\n"
        "One stage of the traffic is named by its name or number: response{stage:rush}: p(95)<50ms.\n"
        "A figure that was not measured never passes. Exit code 3: the measurement is invalid or incomplete.\n"
        "Of a comparison's repeats those with an invalid measurement do not count. For times, rates and costs the\n"
        "median is judged; for counts (lost, undelivered, rejected, ...), which are facts, the worst repeat. Exit\n"
        "code 3 when no repeat counts, and with --strict when any does not. --each judges every repeat by itself.\n"
        "--baseline judges every metric as portillon diff does, with --max-regression as its --min-effect: exit\n"
        "code 99 when one is certainly worse, 3 when the two cannot be compared. A figure that may be worse, but\n"
        "not certainly, is a warning, and with --strict a failure. With fewer than 4 repeats a side only broken\n"
        "promises are certain (lost > 0 where the baseline has none): figures of single reports beyond\n"
        "--max-regression are warnings, and --strict fails them.\n"
        "FILE#PART takes a part of a comparison, see portillon diff --help. A folder that run or compare left stands\n"
        "for the report in it.\n"
        "--format json: exit_code, passed, trusted (false with exit code 3), rows with their measurement and "
        "thresholds\n"
        "(observed in us, bytes or a plain number), and baseline, which is what portillon diff --format json prints.\n"
        "Example: portillon gate report.json --threshold 'response: p(95)<50ms' --threshold 'lost: count==0'");
    const auto options = std::make_shared<GateOptions>();
    options->files = Files::of(*command);
    options->files
        ->input("REPORT", options->path, "a report of run or compare, or its folder; - reads standard input",
                path_of_report)
        ->type_name("FILE[#PART]")
        ->required();
    command->add_option("--threshold", options->thresholds, "repeatable; without any, the report's own are judged")
        ->type_name("'METRIC: EXPRESSION'")
        ->allow_extra_args(false);
    auto* const baseline =
        options->files->input("--baseline", options->baseline, "a report; this one must not be worse", path_of_report)
            ->type_name("FILE[#PART]");
    command
        ->add_option("--max-regression", options->max_regression, "how much worse than the baseline's a figure may be")
        ->needs(baseline)
        ->type_name("PERCENT")
        ->capture_default_str();
    options->files->output("--junit", options->junit_path, "write the result as JUnit XML");
    options->format.add_to(*command);
    command->add_flag("--each", options->each, "judge every repeat of a comparison by itself");
    command->add_flag("--strict", options->strict,
                      "a suspect measurement fails, too, and so does a possible regression");
    command->callback(options->files->checked(exit, [options] { return gate(*options); }));
}

}  // namespace portillon::cmd
