#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "files.h"
#include "format_option.h"
#include "json_answer.h"
#include "print.h"
#include "report/diff.h"
#include "report/diff_terminal.h"
#include "report/judged_json.h"
#include "report/markdown.h"
#include "report_argument.h"
#include "run_options.h"
#include "scenario_options.h"
#include "words.h"

namespace portillon::cmd {

namespace {

struct DiffCommand {
    std::shared_ptr<Files> files;
    std::string base, candidate;
    std::string min_effect = "5%";
    std::vector<std::string> fail_on;
    std::optional<std::string> markdown_path;
    std::vector<std::string> allow;
    FormatOption format;
    bool force = false;
    bool strict = false;

    Exit execute() const {
        auto base_argument = report_argument(base);
        auto candidate_argument = report_argument(candidate.empty() ? base : candidate);
        Problems problems;
        const auto effect = noted(parse_percentage(min_effect, "--min-effect"), problems);
        note_keys_that_must_agree(problems);
        const auto base_report = noted(load_report(base_argument.path), problems);
        // If both arguments name one file it is read once, so that its rounds are paired.
        const bool one_file = candidate_argument.path == base_argument.path;
        const auto other_report =
            one_file ? std::optional<report::Report>{} : noted(load_report(candidate_argument.path), problems);
        if (!problems.empty()) {
            print_problems(problems);
            return Exit::usage;
        }
        const auto& candidate_report = one_file ? *base_report : *other_report;
        if (candidate.empty() && !name_both_targets(*base_report, base_argument, candidate_argument, problems)) {
            print_problems(problems);
            return Exit::usage;
        }
        const auto from = noted(report::select(*base_report, base_argument.part, base_argument.text), problems);
        const auto to =
            noted(report::select(candidate_report, candidate_argument.part, candidate_argument.text), problems);
        if (!problems.empty()) {
            print_problems(problems);
            return Exit::usage;
        }
        return present(report::diff(*from, *to, {.min_effect = *effect, .allow = allow, .force = force}));
    }

    void note_keys_that_must_agree(Problems& problems) const {
        for (const auto& key : allow) {
            if (!report::is_allowable(key)) {
                problems.push_back(
                    {"--allow " + key, 0, "",
                     fmt::format("may not differ, since it changes what the workload means (allowed: {}, "
                                 "and the keys below them)",
                                 report::allowable_keys())});
            }
        }
    }

    // For a comparison of exactly two targets, given alone: the first is the base.
    static bool name_both_targets(const report::Report& report, ReportArgument& from, ReportArgument& to,
                                  Problems& problems) {
        const auto names = report::target_names(report);
        if (names.size() != 2) {
            problems.push_back(
                {.source = from.path,
                 .key = {},
                 .message = fmt::format("{} (allowed: BASE and CANDIDATE, or one comparison of two named targets)",
                                        names.empty() ? "one report alone, and it has no named targets"
                                                      : fmt::format("one report alone, of {} targets", names.size()))});
            return false;
        }
        const auto protocol = from.part.empty() ? "" : "/" + from.part;
        from.part = names[0] + protocol;
        to.part = names[1] + protocol;
        from.text = from.path + "#" + from.part;
        to.text = to.path + "#" + to.part;
        return true;
    }

    Exit present(const report::Diff& found) const {
        auto& words = files->words();
        const auto exit = exit_of(found);
        if (format.json()) {
            auto json = json_answer("diff", exit);
            json.update(report::json_of_diff(found));
            print_json(words, json);
        } else {
            show(words, report::format_diff(found, style_for(words)));
        }
        if (markdown_path && !write_output(*markdown_path, report::diff_markdown(found))) {
            return Exit::failed;
        }
        tell_of_allow(found);
        return exit;
    }

    // If only settings of the client stand between the two sides, says how to compare them all the same.
    static void tell_of_allow(const report::Diff& found) {
        std::string options;
        for (const auto& key : found.keys) {
            if (!key.allowed && !report::is_allowable(key.key)) {
                return;
            }
            options += key.allowed ? "" : " --allow " + key.key;
        }
        if (found.change == report::Change::incomparable && !options.empty()) {
            print(standard_error(),
                  "portillon: only settings of the client differ; this compares them all the same:{}\n", options);
        }
    }

    Exit exit_of(const report::Diff& found) const {
        const auto in_doubt = [](const report::GroupDiff& group) { return !group.warnings.empty(); };
        if (found.change == report::Change::incomparable ||
            !std::all_of(found.groups.begin(), found.groups.end(), report::comparable) ||
            (strict && std::any_of(found.groups.begin(), found.groups.end(), in_doubt))) {
            return Exit::invalid;
        }
        const bool inconclusive = found.change == report::Change::inconclusive;
        if (std::count(fail_on.begin(), fail_on.end(), report::name_of(found.change)) > 0 || (strict && inconclusive)) {
            return Exit::breached;
        }
        if (inconclusive) {
            print(standard_error(), "portillon: inconclusive; --strict fails it\n");
        }
        return Exit::passed;
    }

    template <class Value>
    static std::optional<Value> noted(Checked<Value> checked, Problems& problems) {
        if (!checked) {
            problems.insert(problems.end(), checked.problems().begin(), checked.problems().end());
            return std::nullopt;
        }
        return std::move(*checked);
    }
};

}  // namespace

void add_diff_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("diff", "Compare two sides run by run: did this change make it worse?");
    command->footer(
        "BASE and CANDIDATE are reports of run or compare, or the folders in which they lie. FILE#PART takes a part of "
        "a comparison:\n"
        "  comparison.json#mqtt         one protocol (\"mqtt QoS 0\": that variant of it)\n"
        "  comparison.json#cand         one of several named targets\n"
        "  comparison.json#cand/mqtt    both\n"
        "A comparison of two named targets is enough by itself: the target that was named first is the base.\n"
        "Parts of one comparison are paired by their rounds. Each run is one observation: it takes 4 repeats a\n"
        "side to conclude anything, and if runs vary by 5 %, 5 repeats find a slowdown of 20 % six times out of\n"
        "seven. The interval that is shown is the one that decides, corrected for the number of figures: better\n"
        "and worse mean that all of it lies beyond --min-effect. A figure that does not vary, such as bytes, is\n"
        "compared as it is, from 2 repeats on.\n"
        "Different workloads are incomparable, and the keys in which they differ are named. --allow lets settings of\n"
        "the client differ, which do not change what the workload means, such as the size of a batch.\n"
        "--format json: exit_code, change, why, base, candidate, differing_keys, and groups with their metrics\n"
        "(base, candidate, ratio, ratio_at_least, ratio_at_most, and the value of each run).\n"
        "Exit codes: 99 by --fail-on, 3 incomparable, 2 unreadable, else 0.\n"
        "Examples:\n"
        "  portillon diff before.json after.json --fail-on worse\n"
        "  portillon diff comparison.json#mqtt comparison.json#http2");
    const auto options = std::make_shared<DiffCommand>();
    options->files = Files::of(*command);
    options->files->input("BASE", options->base, "a report; - reads standard input", path_of_report)
        ->type_name("FILE[#PART]")
        ->required();
    options->files
        ->input("CANDIDATE", options->candidate, "a report; may be left out for a comparison of two targets",
                path_of_report)
        ->type_name("FILE[#PART]");
    command->add_option("--min-effect", options->min_effect, "smallest change that counts")
        ->type_name("PERCENT")
        ->capture_default_str();
    command->add_option("--fail-on", options->fail_on, "exit 99 on these verdicts, separated by commas")
        ->type_name("worse,inconclusive,...")
        ->delimiter(',')
        ->check(one_of({"worse", "inconclusive", "better", "same"}));
    options->files->output("--markdown", options->markdown_path, "also write the result as GitHub's Markdown");
    command
        ->add_option("--allow", options->allow,
                     "a key of the scenario in which the sides may differ, or the beginning of one, such as "
                     "delivery.batch; repeatable; allowed: " +
                         report::allowable_keys() + ", and the keys below them")
        ->type_name("KEY")
        ->allow_extra_args(false);
    options->format.add_to(*command);
    command->add_flag(
        "--force", options->force,
        "compare even different workloads, machines, build types or invalid measurements, with a warning on top");
    command->add_flag("--strict", options->strict, "inconclusive fails (99), and so do suspect measurements (3)");
    command->callback(options->files->checked(exit, [options] { return options->execute(); }));
}

}  // namespace portillon::cmd
