#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <set>

#include "axes.h"
#include "commands.h"
#include "entries.h"
#include "exits.h"
#include "files.h"
#include "live_line.h"
#include "net/signals.h"
#include "print.h"
#include "protocols.h"
#include "report/comparison_text.h"
#include "report/diff.h"
#include "report/diff_terminal.h"
#include "report/entrants.h"
#include "report/json.h"
#include "report/judged.h"
#include "report/markdown.h"
#include "report/page/page.h"
#include "report/reach.h"
#include "report_argument.h"
#include "report_place.h"
#include "result_files.h"
#include "run/conduct.h"
#include "run/rounds.h"
#include "run/routes.h"
#include "run/variant.h"
#include "run_options.h"
#include "scenario/resolved.h"
#include "scenario_options.h"
#include "words.h"

namespace portillon::cmd {

namespace {

struct CompareCommand {
    std::shared_ptr<Files> files;
    ScenarioOptions scenario;
    RunOptions options;
    std::vector<std::string> protocols;
    std::vector<std::string> vary;
    unsigned repeats = 1;
    ResultFiles results;
    ReportPlace place;
    std::string min_effect = "5%";
    std::vector<std::string> fail_on;

    Exit execute() {
        const auto loaded = scenario.load(known_protocols());
        Problems problems;
        const auto destinations = options.destinations();
        const auto effect = parse_percentage(min_effect, "--min-effect");
        const auto note = [&problems](const auto& checked) {
            if (!checked) {
                problems.insert(problems.end(), checked.problems().begin(), checked.problems().end());
            }
        };
        note(loaded);
        note(destinations);
        note(effect);
        note_idle_options(destinations, problems);
        const auto axes = parse_axes(vary);
        note(axes);
        const auto made_of = problems.empty() ? entries_for(scenario, options, *loaded, *destinations, protocols, *axes)
                                              : Checked<Entries>(std::move(problems));
        if (!made_of) {
            print_problems(made_of.problems());
            return Exit::usage;
        }
        const auto& entries = made_of->rows;
        std::vector<std::string> run_here;
        for (const auto& entry : entries) {
            run_here.push_back(entry.order.protocol->name);
        }
        const auto choice = destinations->empty() || !protocols.empty() ? ScenarioOptions::Choice::by_command
                                                                        : ScenarioOptions::Choice::by_scenario;
        print_warnings(scenario.idle_settings(run_here, choice));
        print_warnings(made_of->warnings);
        std::vector<const run::Order*> orders;
        for (const auto& entry : entries) {
            orders.push_back(&entry.order);
        }
        if (!options.machine_carries(orders)) {
            return Exit::usage;
        }
        if (!options.confirm(*loaded, names_of(entries), *destinations)) {
            return Exit::usage;
        }
        if (!options.quiet()) {
            print(standard_error(), "{}\n", extent_of(entries, repeats));
        }
        if (const auto unmade = place.prepare(loaded->scenario.name); !unmade.empty()) {
            print_problems(unmade);
            return Exit::usage;
        }

        report::Comparison comparison;
        comparison.scenario = {loaded->scenario.name, loaded->workload_digest,
                               scenario::resolved_json(loaded->scenario).dump()};
        comparison.command = command_line();
        net::RememberedSignals signals;
        const auto outcome = run_all(entries, comparison, signals);
        Exit result = outcome.failed ? Exit::failed : Exit::passed;
        if (!comparison.runs.empty()) {
            result = worse(result, present(std::move(comparison), *effect));
        } else {
            if (outcome.stopped_by != 0) {
                print(standard_error(),
                      "interrupted before the first validation was due: there is nothing to report\n");
            }
            place.give_up();
        }
        return outcome.stopped_by == 0 ? result : exit_of_signal(outcome.stopped_by);
    }

private:
    // Refuses the options about the difference between named targets when fewer than two targets are named.
    void note_idle_options(const Checked<std::vector<Destination>>& destinations, Problems& problems) const {
        std::set<std::string> names;
        for (const auto& destination : destinations ? *destinations : std::vector<Destination>{}) {
            names.insert(destination.name);
        }
        if (destinations && names.size() < 2 && !fail_on.empty()) {
            problems.push_back({"--fail-on", 0, "",
                                "needs two named targets, between which something can change (allowed: --target "
                                "NAME=URL --target NAME=URL)"});
        }
    }

    static std::string names_of(const std::vector<Entry>& entries) {
        std::vector<std::string> names;
        for (const auto& entry : entries) {
            if (std::find(names.begin(), names.end(), entry.order.protocol->name) == names.end()) {
                names.push_back(entry.order.protocol->name);
            }
        }
        return fmt::format("{}", fmt::join(names, ", "));
    }

    struct Outcome {
        bool failed = false;  // a run was impossible, or no equipment could connect
        int stopped_by = 0;   // the signal that ended it early
    };

    // Whether the run is to be repeated because its measurement is useless. With --strict a suspect one is, too.
    bool measured_badly(const report::RunReport& run) const {
        const auto measurement = run.verdict.measurement;
        return run.verdict.complete && (measurement == report::Measurement::invalid ||
                                        (options.strict() && measurement == report::Measurement::suspect));
    }

    // A run that fails is reported and left out; the others continue. A target to which no equipment could connect is
    // not tried again. A repeat whose measurement is invalid is run again, and the invalid run kept as superseded.
    Outcome run_all(const std::vector<Entry>& entries, report::Comparison& comparison,
                    net::RememberedSignals& signals) const {
        Outcome outcome;
        run::Rounds rounds(entries.size(), repeats);
        comparison.repeats = repeats;
        unsigned number = 0;
        while (const auto turn = rounds.next()) {
            if (signals.first() != 0) {
                outcome.stopped_by = signals.first();
                return outcome;
            }
            const auto& entry = entries[turn->entrant];
            const auto planned = entries.size() * repeats;
            number += turn->again ? 0 : 1;
            LiveLine progress(options.output(), turn->again
                                                    ? fmt::format("{}, repeat {} again", entry.label, turn->repeat)
                                                    : fmt::format("{}/{} {}", number, planned, entry.label));
            auto conducted = run::conduct(entry.order, progress);
            const bool unreachable = conducted.report() && report::is_unreached(*conducted.report());
            const bool bad = conducted.report() && !unreachable && measured_badly(*conducted.report());
            if (conducted.report()) {
                if (turn->again) {
                    supersede(comparison, *turn, entry);
                }
                comparison.runs.push_back({turn->repeat, turn->order, std::move(*conducted.report()), entry.target});
            }
            if (conducted.interrupted_by != 0) {
                signals.remember(conducted.interrupted_by);
                outcome.stopped_by = conducted.interrupted_by;
                return outcome;
            }
            if (unreachable) {
                progress.warn(fmt::format("portillon: {}: no equipment could connect to {}{}", entry.label,
                                          run::describe_target(entry.order),
                                          turn->repeat < repeats ? "; it is left out from here on" : ""));
                rounds.give_up(turn->entrant);
                outcome.failed = true;
            } else if (!conducted.failure.empty()) {
                progress.warn(fmt::format("portillon: {} failed: {}", entry.label, conducted.failure));
                outcome.failed = true;
            } else if (bad) {
                const auto& verdict = comparison.runs.back().run.verdict;
                progress.warn(fmt::format("portillon: {}, repeat {}: the measurement is {}: {}", entry.label,
                                          turn->repeat, report::name_of(verdict.measurement),
                                          fmt::join(verdict.reasons, "; ")));
                rounds.invalid(*turn);
            }
        }
        if (rounds.left_invalid() > 0) {
            print(standard_error(),
                  "portillon: {} stayed invalid, although as many runs were repeated as repeats were asked for; "
                  "measure on a machine with nothing else to do\n",
                  counted(rounds.left_invalid(), "repeat"));
        }
        return outcome;
    }

    // Marks the earlier run of this repeat as superseded: it does not count any more.
    static void supersede(report::Comparison& comparison, const run::RoundTurn& turn, const Entry& entry) {
        for (auto& each : comparison.runs) {
            const bool same = each.repeat == turn.repeat && each.name == entry.target &&
                              each.run.protocol == entry.order.protocol->name &&
                              each.run.variant == run::variant_of(entry.order);
            each.superseded = each.superseded || same;
        }
    }

    Exit present(report::Comparison comparison, double effect) {
        const auto strictness = options.strict() ? report::Strictness::strict : report::Strictness::lenient;
        show(files->words(), report::comparison_text(comparison, {.min_effect = effect}, columns_for(files->words()),
                                                     style_for(files->words())));
        Exit worst = exit_of(comparison, strictness);
        const report::Report report = std::move(comparison);
        worst = worse(worst, present_changes(report, effect));
        return worse(worst, keep(report, effect));
    }

    // Prints the changes from the first named target to each other one.
    Exit present_changes(const report::Report& report, double effect) const {
        const auto names = report::target_names(report);
        Exit worst = Exit::passed;
        for (std::size_t i = 1; i < names.size(); ++i) {
            const auto nobody = report::unreachable_in(std::get<report::Comparison>(report), {names.front(), names[i]});
            if (!nobody.empty()) {
                print(files->words(), "\n{} is not compared with {}: no equipment could connect to {}\n", names[i],
                      names.front(), nobody);
                worst = worse(worst, Exit::failed);
                continue;
            }
            const auto found = report::diff(report, names.front(), names[i], {.min_effect = effect});
            if (!found) {
                print_problems(found.problems());
                worst = worse(worst, Exit::invalid);
                continue;
            }
            show(files->words(), "\n" + report::format_diff(*found, style_for(files->words())));
            worst = worse(worst, exit_of_diff(*found));
        }
        return worst;
    }

    Exit exit_of_diff(const report::Diff& found) const {
        const auto incomparable = [](const report::GroupDiff& group) {
            return group.change == report::Change::incomparable;
        };
        if (found.change == report::Change::incomparable ||
            std::any_of(found.groups.begin(), found.groups.end(), incomparable)) {
            return Exit::invalid;
        }
        const bool inconclusive = found.change == report::Change::inconclusive;
        return std::count(fail_on.begin(), fail_on.end(), report::name_of(found.change)) > 0 ||
                       (options.strict() && inconclusive)
                   ? Exit::breached
                   : Exit::passed;
    }

    Exit keep(const report::Report& report, double effect) {
        const auto strictness = options.strict() ? report::Strictness::strict : report::Strictness::lenient;
        const report::DiffOptions changes{.min_effect = effect};
        const bool written = results.write(report, strictness, changes);
        const auto markdown = [&] {
            return report::comparison_markdown(std::get<report::Comparison>(report), changes);
        };
        const bool kept = place.keep({{"comparison.json", [&] { return report::to_json(report); }},
                                      {"comparison.md", markdown},
                                      {"comparison.html", [&] { return report::page::html_page(report, changes); }}},
                                     options.quiet() ? ReportPlace::Say::little : ReportPlace::Say::everything);
        return written && kept ? Exit::passed : Exit::failed;
    }
};

}  // namespace

void add_compare_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand(
        "compare", "Run one scenario over several protocols, or against several servers, and print one comparison");
    command->footer(
        "Examples:\n"
        "  portillon compare scenarios/compare.yaml -o comparison\n"
        "  portillon compare scenarios/smoke.yaml --protocols mqtt,http2 --repeat 5\n"
        "  portillon compare scenarios/smoke.yaml --target base=http://127.0.0.1:8080 --target "
        "cand=http://127.0.0.1:8081\n"
        "    --ledger base=http://127.0.0.1:9090 --ledger cand=http://127.0.0.1:9091 --repeat 5 --fail-on worse\n"
        "  portillon compare scenarios/smoke.yaml --protocols mqtt --vary protocols.mqtt.qos=0,1,2 "
        "--vary delivery.batch.max=1,10\n"
        "The first named target is the base; the changes from it to the others are printed after the table. The\n"
        "protocol follows from the URL's scheme; --protocols grpc-stream chooses among those of one scheme.\n"
        "With several repeats the table shows medians, and below them the least and the greatest. Thresholds\n"
        "judge the median; for counts (lost, undelivered, rejected, ...) they judge the worst repeat. A row is\n"
        "invalid (exit 3) when no repeat is valid, and suspect when fewer than half are; with --strict all must\n"
        "be valid.\n"
        "Without -o the reports are kept in a new folder portillon-results/SCENARIO-TIME, whose name is the last\n"
        "line; gate, diff and render take it.\n"
        "Ctrl-C ends the present run, reports the results so far and exits with 130; a second Ctrl-C aborts.");
    const auto compare = std::make_shared<CompareCommand>();
    compare->files = Files::of(*command);
    compare->scenario.add_to(*command, ScenarioOptions::File::required, compare->files);
    compare->options.add_to(*command, RunOptions::Target::several);
    add_protocols_option(*command, compare->protocols);
    add_vary_option(*command, compare->vary);
    add_repeat_option(*command, compare->repeats);
    compare->scenario.add_thresholds_to(*command);
    compare->results.add_to(*compare->files);
    compare->place.add_to(*command, compare->files, ReportPlace::Named::folder,
                          {"comparison.json", "comparison.md", "comparison.html"});
    command->add_option("--min-effect", compare->min_effect, "Smallest change between named targets that counts")
        ->type_name("PERCENT")
        ->capture_default_str();
    command
        ->add_option("--fail-on", compare->fail_on, "Exit 99 on these verdicts on named targets, separated by commas")
        ->type_name("worse,inconclusive,...")
        ->delimiter(',')
        ->check(one_of({"worse", "inconclusive", "better", "same"}));
    command->callback(compare->files->checked(exit, [compare] { return compare->execute(); }));
}

}  // namespace portillon::cmd
