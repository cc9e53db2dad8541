#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "exits.h"
#include "files.h"
#include "live_line.h"
#include "net/signals.h"
#include "print.h"
#include "protocols.h"
#include "report/json.h"
#include "report/page/page.h"
#include "report/reach.h"
#include "report/terminal.h"
#include "report_place.h"
#include "result_files.h"
#include "run/conduct.h"
#include "run/routes.h"
#include "run_options.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

struct RunCommand {
    std::shared_ptr<Files> files;
    ScenarioOptions scenario;
    RunOptions options;
    ResultFiles results;
    ReportPlace place;

    Exit execute() {
        const auto destinations = options.destinations();
        const auto loaded = scenario.load(known_protocols(), [&](const std::string& of_scenario) {
            return destinations && !destinations->empty()
                       ? protocol_for(destinations->front().server.url.scheme, of_scenario)
                       : of_scenario;
        });
        if (!loaded || !destinations) {
            print_problems(loaded ? Problems{} : loaded.problems());
            print_problems(destinations ? Problems{} : destinations.problems());
            return Exit::usage;
        }
        const auto order =
            options.order(*loaded, loaded->scenario.lot().protocol,
                          destinations->empty() ? std::nullopt : std::optional(destinations->front()), command_line());
        if (!order) {
            print_problems(order.problems());
            return Exit::usage;
        }
        print_warnings(loaded->warnings);
        if (!options.machine_carries({&*order})) {
            return Exit::usage;
        }
        if (!options.confirm(*loaded, order->protocol->name, *destinations)) {
            return Exit::usage;
        }
        if (const auto problems = place.prepare(loaded->scenario.name); !problems.empty()) {
            print_problems(problems);
            return Exit::usage;
        }
        net::RememberedSignals signals;
        run::RunOutcome conducted;
        {
            LiveLine progress(options.output(), "");
            conducted = run::conduct(*order, progress);
        }
        signals.remember(conducted.interrupted_by);
        if (!conducted.report()) {
            place.give_up();
            if (conducted.interrupted_by == 0) {
                print(standard_error(), "portillon: {}\n", conducted.failure);
            } else {
                print(standard_error(),
                      "interrupted before the first validation was due: there is nothing to report\n");
            }
            return exit_for(conducted, Exit::failed);
        }
        return exit_for(conducted, present(*conducted.report(), *order));
    }

    // The summary reaches the terminal even when a file cannot be written.
    Exit present(const report::RunReport& run, const run::Order& order) {
        auto& words = files->words();
        show(words, report::summary(run, style_for(words)));
        if (report::is_unreached(run)) {
            print(standard_error(), "portillon: no equipment could connect to {}\n", run::describe_target(order));
        }
        const report::Report report = run;
        const auto strictness = options.strict() ? report::Strictness::strict : report::Strictness::lenient;
        const bool written = results.write(report, strictness);
        const bool kept = place.keep({{"report.json", [&] { return report::to_json(run); }},
                                      {"report.html", [&] { return report::page::html_page(report); }}},
                                     options.quiet() ? ReportPlace::Say::little : ReportPlace::Say::everything);
        return written && kept ? exit_of(report, strictness) : Exit::failed;
    }

    static Exit exit_for(const run::RunOutcome& conducted, Exit otherwise) {
        return conducted.interrupted_by == 0 ? otherwise : exit_of_signal(conducted.interrupted_by);
    }
};

}  // namespace

void add_run_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("run", "Run one scenario over one protocol and report");
    command->footer(
        "Examples:\n"
        "  portillon run scenarios/smoke.yaml -o smoke.json\n"
        "  portillon run --protocol http2 --equipments 200 --rate 5/s --duration 20s\n"
        "  portillon run scenarios/ramp.yaml --compress 60 --set traffic.payload.bytes=300\n"
        "  portillon run scenarios/smoke.yaml --target mqtt://127.0.0.1:1883\n"
        "  portillon run smoke --threshold 'response: p(95)<50ms' --threshold 'lost: count==0' --junit gate.xml\n"
        "The protocol follows from the target's scheme, unless --protocol names one. The report is kept in a new\n"
        "folder portillon-results/SCENARIO-TIME, whose name is the last line; gate, diff and render take it.\n"
        "Ctrl-C stops, drains briefly, reports the results so far and exits with 130; a second Ctrl-C aborts.\n"
        "SIGTERM and SIGHUP (a closed terminal; not under nohup) do the same with 143 and 129.\n"
        "An MQTT broker keeps a session for each equipment; the sessions are removed at the end, after Ctrl-C\n"
        "too. portillon clean removes those of a killed run.\n"
        "Exit codes: 0 passed, 1 failed or something could not be written, 2 bad input, an output that cannot be\n"
        "written or a machine that lacks something, 3 the measurement is invalid, 99 a threshold failed,\n"
        "129/130/143 interrupted.");
    const auto run = std::make_shared<RunCommand>();
    run->files = Files::of(*command);
    run->scenario.add_to(*command, ScenarioOptions::File::optional, run->files);
    run->scenario.add_protocol_to(*command);
    run->options.add_to(*command, RunOptions::Target::one);
    run->scenario.add_thresholds_to(*command);
    run->results.add_to(*run->files);
    run->place.add_to(*command, run->files, ReportPlace::Named::file_or_folder, {"report.json", "report.html"});
    command->callback(run->files->checked(exit, [run] { return run->execute(); }));
}

}  // namespace portillon::cmd
