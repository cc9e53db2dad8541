#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "files.h"
#include "print.h"
#include "report/comparison_text.h"
#include "report/csv.h"
#include "report/entrants.h"
#include "report/file.h"
#include "report/hdr_log.h"
#include "report/latency_choice.h"
#include "report/markdown.h"
#include "report/page/page.h"
#include "report/terminal.h"
#include "report_argument.h"
#include "run_options.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

// A file to be written; all texts are made before the first file is written.
struct Rendering {
    std::string option;
    std::string path;
    std::string text;
};

struct RenderCommand {
    std::string path;
    std::optional<std::string> html, markdown, csv, csv_intervals, hlog, hgrm;
    std::optional<std::string> latency, selected;

    Exit execute() const {
        const auto report = load_report(path);
        if (!report) {
            return refuse(report.problems());
        }
        Problems problems;
        for (const auto& [option, value] : {std::pair{"--latency", &latency}, std::pair{"--select", &selected}}) {
            if (*value && !hlog && !hgrm) {
                problems.push_back({option, 0, "", "has no effect without --hlog or --hgrm"});
            }
        }
        const auto renderings = render(*report, problems);
        if (problems.empty()) {
            problems = clashes_of(renderings);
        }
        if (!problems.empty()) {
            return refuse(problems);
        }
        for (const auto& rendering : renderings) {
            if (!write_output(rendering.path, rendering.text)) {
                return Exit::failed;
            }
            if (!report::inherited_descriptor(rendering.path)) {
                print(standard_error(), "{}\n", rendering.path);
            }
        }
        return Exit::passed;
    }

private:
    static Exit refuse(const Problems& problems) {
        print_problems(problems);
        return Exit::usage;
    }

    // The names of files that are named after a row of the table are only known now.
    Problems clashes_of(const std::vector<Rendering>& renderings) const {
        std::vector<report::Output> outputs;
        for (const auto& rendering : renderings) {
            if (!rendering.option.empty()) {
                outputs.push_back({rendering.option, rendering.path});
            }
        }
        return report::problems_of(outputs, {{"REPORT", report_in(path)}});
    }

    std::vector<Rendering> render(const report::Report& report, Problems& problems) const {
        std::vector<Rendering> made;
        const auto whole = [&](const char* option, const std::optional<std::string>& to,
                               const std::function<std::string()>& make) {
            if (to) {
                made.push_back({option, *to, make()});
            }
        };
        whole("--html", html, [&] { return report::page::html_page(report); });
        whole("--markdown", markdown, [&] { return report::markdown(report); });
        whole("--csv", csv, [&] { return report::figures_csv(report); });
        whole("--csv-intervals", csv_intervals, [&] { return report::intervals_csv(report); });
        if (hlog || hgrm) {
            render_histograms(report, made, problems);
        } else if (latency || selected) {
            problems.push_back({latency ? "--latency" : "--select", 0, "", "needs --hlog or --hgrm"});
        }
        if (made.empty() && problems.empty()) {
            made.push_back({"", "-", shown(report)});
        }
        return made;
    }

    static std::string shown(const report::Report& report) {
        if (const auto* comparison = std::get_if<report::Comparison>(&report)) {
            return report::comparison_text(*comparison, {}, columns_for(standard_output()),
                                           style_for(standard_output()));
        }
        return report::summary(std::get<report::RunReport>(report), style_for(standard_output()));
    }

    std::vector<report::Entrant> selection(const report::Report& report, Problems& problems) const {
        auto entrants = report::entrants_of(report);
        std::vector<std::string> names;
        for (const auto& entrant : entrants) {
            names.push_back(entrant.name);
        }
        if (entrants.empty()) {
            problems.push_back({path, 0, "", "the comparison has no runs"});
        }
        if (!selected) {
            return entrants;
        }
        entrants.erase(std::remove_if(entrants.begin(), entrants.end(),
                                      [&](const auto& entrant) { return entrant.name != *selected; }),
                       entrants.end());
        if (entrants.empty() && !names.empty()) {
            const auto near = did_you_mean(*selected, names);
            problems.push_back(
                {"--select", 0, "",
                 fmt::format("nothing in the report is named '{}' (allowed: {}){}", *selected, fmt::join(names, ", "),
                             near.empty() ? "" : "; did you mean " + near + "?")});
        }
        return entrants;
    }

    // "a/latency.hgrm" and "cand mqtt" make "a/latency-cand-mqtt.hgrm"; unchanged if there is only one entrant.
    static std::string path_for(const std::string& pattern, const report::Entrant& entrant, std::size_t entrants) {
        if (entrants == 1) {
            return pattern;
        }
        const auto name = pattern.rfind('/') == std::string::npos ? 0 : pattern.rfind('/') + 1;
        const auto dot = pattern.rfind('.');
        const auto end = dot == std::string::npos || dot <= name ? pattern.size() : dot;
        return pattern.substr(0, end) + "-" + report::file_name_of(entrant) + pattern.substr(end);
    }

    void render_histograms(const report::Report& report, std::vector<Rendering>& made, Problems& problems) const {
        const auto* chosen = latency ? account::find_latency(*latency) : nullptr;
        if (latency && chosen == nullptr) {
            std::vector<std::string_view> names;
            for (const auto& each : account::latency_figures) {
                names.push_back(each.name);
            }
            problems.push_back(
                {"--latency", 0, "", fmt::format("unknown '{}' (allowed: {})", *latency, fmt::join(names, ", "))});
        }
        const auto entrants = selection(report, problems);
        for (const auto& [option, to] : {std::pair("--hlog", hlog), std::pair("--hgrm", hgrm)}) {
            if (to == "-" && entrants.size() > 1) {
                std::vector<std::string> names;
                for (const auto& entrant : entrants) {
                    names.push_back(entrant.name);
                }
                problems.push_back(
                    {option, 0, "",
                     fmt::format("only one of {} fits standard output: add --select NAME", fmt::join(names, ", "))});
            }
        }
        if (!problems.empty()) {
            return;
        }
        for (const auto& entrant : entrants) {
            const auto& name = chosen != nullptr ? *chosen : report::headline_of(entrant);
            const auto merged = report::merged(entrant, name.member);
            if (!merged) {
                problems.push_back(
                    {path, 0, "", fmt::format("{} has no {}: it was not measured", entrant.name, name.name)});
                continue;
            }
            if (hlog) {
                made.push_back(
                    {"--hlog", path_for(*hlog, entrant, entrants.size()), report::interval_log(entrant, name)});
            }
            if (hgrm) {
                made.push_back(
                    {"--hgrm", path_for(*hgrm, entrant, entrants.size()), report::percentile_distribution(*merged)});
            }
        }
    }
};

}  // namespace

void add_render_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("render", "Show a saved report again, or write it in other formats");
    command->footer(
        "Without an option the summary or the comparison is printed. - is standard input or output.\n"
        "--hlog and --hgrm make one file for each row of a comparison's table, named after it\n"
        "(latency.hgrm: latency-cand-mqtt.hgrm), its repeats merged; --select NAME makes the one file.\n"
        "An .hlog holds --latency without a tag and the others with Tag=NAME.\n"
        "Examples:\n"
        "  portillon render report.json --html report.html --markdown report.md --csv report.csv\n"
        "  portillon render comparison.json --hgrm latency.hgrm --latency service");
    const auto render = std::make_shared<RenderCommand>();
    const auto files = Files::of(*command);
    files->input("REPORT", render->path, "A report of run or compare, or its folder; - is standard input", report_in)
        ->required();
    const auto file = [&files](const char* option, std::optional<std::string>& to, const char* help) {
        files->output(option, to, help);
    };
    file("--html", render->html, "One self-contained page with charts");
    file("--markdown", render->markdown, "GitHub's Markdown, for a pull request");
    file("--csv", render->csv, "A row of figures for each run and each of its stages");
    file("--csv-intervals", render->csv_intervals, "A row for each interval of each run");
    file("--hlog", render->hlog, "HdrHistogram interval log");
    file("--hgrm", render->hgrm, "HdrHistogram percentile distribution, in ms");
    command
        ->add_option(
            "--latency", render->latency,
            "For --hlog and --hgrm: response, service, lateness, end_to_end, connect or generator_lag; response "
            "by default, end_to_end where nothing is acknowledged")
        ->type_name("NAME");
    command->add_option("--select", render->selected, "For --hlog and --hgrm: one row of a comparison's table")
        ->type_name("NAME");
    command->callback(files->checked(exit, [render] { return render->execute(); }));
}

}  // namespace portillon::cmd
