#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "files.h"
#include "live_line.h"
#include "net/signals.h"
#include "print.h"
#include "protocols.h"
#include "report/json.h"
#include "report/reach.h"
#include "report/terminal.h"
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
    std::optional<std::string> output;

    Exit execute() const {
        const auto loaded = scenario.load(known_protocols());
        if (!loaded) {
            print_problems(loaded.problems());
            return Exit::usage;
        }
        const auto destinations = options.destinations();
        if (!destinations) {
            print_problems(destinations.problems());
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
        net::RememberedSignals signals;
        run::RunOutcome conducted;
        {
            LiveLine progress(options.output(), "");
            conducted = run::conduct(*order, progress);
        }
        signals.remember(conducted.interrupted_by);
        if (!conducted.report()) {
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

    // The summary reaches the terminal even when the file cannot be written.
    Exit present(const report::RunReport& run, const run::Order& order) const {
        auto& words = files->words();
        show(words, report::summary(run, style_for(words)));
        if (report::is_unreached(run)) {
            print(standard_error(), "portillon: no equipment could connect to {}\n", run::describe_target(order));
        }
        if (!output) {
            note("No report was written; -o FILE keeps it.");
        } else if (!write_output(*output, report::to_json(run))) {
            return Exit::failed;
        } else if (&words == &standard_output()) {
            note("Report: " + *output);
        }
        return exit_of(run, options.strict());
    }

    void note(const std::string& line) const {
        if (!options.quiet()) {
            print(standard_error(), "\n{}\n", line);
        }
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
        "  portillon run scenarios/smoke.yaml --protocol mqtt --target mqtt://127.0.0.1:1883\n"
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
    run->files->output("-o,--output", run->output, "File for the report (JSON); - is standard output");
    command->callback(run->files->checked(exit, [run] { return run->execute(); }));
}

}  // namespace portillon::cmd
