#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "live_line.h"
#include "protocols.h"
#include "report/file.h"
#include "report/json.h"
#include "report/league.h"
#include "run/conductor.h"
#include "run_options.h"
#include "scenario/resolved.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

// The order is turned round each time, so that what drifts (heat, page cache) does not favour one protocol.
std::vector<std::string> order_of(std::vector<std::string> protocols, unsigned repeat) {
    if (repeat % 2 == 0) {
        std::reverse(protocols.begin(), protocols.end());
    }
    return protocols;
}

struct CompareCommand {
    ScenarioOptions scenario;
    RunOptions options;
    std::vector<std::string> protocols;
    unsigned repeats = 1;
    std::string folder;

    Exit execute() const {
        const auto loaded = scenario.load(known_protocols());
        if (!loaded) {
            print_problems(loaded.problems());
            return Exit::usage;
        }
        std::vector<std::string> names = protocols;
        if (names.empty()) {
            for (const auto& kind : driver_kinds()) {
                names.push_back(kind.name);
            }
        }
        std::vector<run::Order> orders;
        Problems problems;
        for (const auto& name : names) {
            auto order = options.order(*loaded, name, command_line());
            if (order) {
                orders.push_back(std::move(*order));
            } else {
                problems.insert(problems.end(), order.problems().begin(), order.problems().end());
            }
        }
        std::error_code made;
        if (!folder.empty()) {
            std::filesystem::create_directories(folder, made);
            if (made) {
                problems.push_back({"-o", 0, "", fmt::format("cannot make the folder {}: {}", folder, made.message())});
            }
        }
        if (!problems.empty()) {
            print_problems(problems);
            return Exit::usage;
        }
        if (!options.confirm(*loaded, fmt::format("{}", fmt::join(names, ", ")))) {
            return Exit::usage;
        }

        report::Comparison comparison;
        comparison.scenario = {loaded->scenario.name, loaded->workload_digest,
                               scenario::resolved_json(loaded->scenario).dump()};
        comparison.command = command_line();
        const int stopped_by = run_all(names, orders, comparison);
        Exit result = comparison.runs.empty() ? Exit::failed : present(comparison);
        if (comparison.runs.size() < names.size() * repeats && result != Exit::failed && stopped_by == 0) {
            result = Exit::failed;
        }
        return stopped_by == SIGINT ? Exit::interrupted : stopped_by == SIGTERM ? Exit::terminated : result;
    }

    // Returns the signal that ended it early, or 0. A run that fails is told and left out; the others go on.
    int run_all(const std::vector<std::string>& names, const std::vector<run::Order>& orders,
                report::Comparison& comparison) const {
        unsigned turn = 0;
        for (unsigned repeat = 1; repeat <= repeats; ++repeat) {
            unsigned place = 0;
            for (const auto& name : order_of(names, repeat)) {
                ++turn;
                ++place;
                const auto& order = *std::find_if(orders.begin(), orders.end(),
                                                  [&](const auto& each) { return each.protocol->name == name; });
                LiveLine progress(LiveLine::output_for(options.quiet()),
                                  fmt::format("{}/{} {}", turn, names.size() * repeats, name));
                auto conducted = run::conduct(order, progress);
                if (conducted.report) {
                    comparison.runs.push_back({repeat, place, std::move(*conducted.report)});
                } else if (conducted.interrupted_by == 0) {
                    progress.warn(fmt::format("portillon: {} failed: {}", name, conducted.failure));
                }
                if (conducted.interrupted_by != 0) {
                    return conducted.interrupted_by;
                }
            }
        }
        return 0;
    }

    Exit present(const report::Comparison& comparison) const {
        std::fputs(report::league_table(comparison).c_str(), stdout);
        Exit worst = Exit::passed;
        for (const auto& turn : comparison.runs) {
            const Exit one = exit_of(turn.run, options.strict());
            if (one == Exit::invalid || worst == Exit::passed) {
                worst = one;
            }
            for (const auto& reason : turn.run.verdict.reasons) {
                fmt::print("{}, repeat {}: measurement {}: {}\n", turn.run.protocol, turn.repeat,
                           report::name_of(turn.run.verdict.measurement), reason);
            }
            for (const auto& threshold : turn.run.thresholds) {
                if (!threshold.passed) {
                    fmt::print("{}, repeat {}: threshold breached: {}: {}{}\n", turn.run.protocol, turn.repeat,
                               threshold.metric, threshold.expression,
                               threshold.reason.empty() ? "" : " (" + threshold.reason + ")");
                }
            }
        }
        std::fflush(stdout);
        if (folder.empty()) {
            fmt::print(stderr, "\nNo report was written; -o FOLDER keeps it.\n");
            return worst;
        }
        const auto path = [&](const char* name) { return (std::filesystem::path(folder) / name).string(); };
        const auto json = path("comparison.json");
        const auto markdown = path("comparison.md");
        auto error = report::write_file(json, report::to_json(comparison));
        if (!error) {
            error = report::write_file(markdown, report::league_markdown(comparison));
        }
        if (error) {
            fmt::print(stderr, "portillon: cannot write into {}: {}\n", folder, error.message());
            return Exit::failed;
        }
        fmt::print(stderr, "\nReports: {} and {}\n", json, markdown);
        return worst;
    }
};

}  // namespace

void add_compare_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("compare", "Run one scenario over several protocols and print one league table");
    command->footer(
        "Examples:\n"
        "  portillon compare scenarios/compare.yaml -o comparison\n"
        "  portillon compare scenarios/smoke.yaml --protocols mqtt,http2 --repeat 5");
    const auto compare = std::make_shared<CompareCommand>();
    compare->scenario.add_to(*command, ScenarioOptions::File::required);
    compare->options.add_to(*command, RunOptions::Target::embedded_only);
    command->add_option("--protocols", compare->protocols, "Protocols to compare, separated by commas; all by default")
        ->type_name("A,B,...")
        ->delimiter(',');
    command
        ->add_option("--repeat", compare->repeats,
                     "How often, the protocols interleaved and their order turned round each time")
        ->type_name("N")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_option("-o,--output", compare->folder, "Folder for comparison.json and comparison.md")
        ->type_name("FOLDER");
    command->callback([compare, &exit] { exit = compare->execute(); });
}

}  // namespace portillon::cmd
