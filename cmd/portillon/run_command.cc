#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "commands.h"
#include "live_line.h"
#include "protocols.h"
#include "report/file.h"
#include "report/json.h"
#include "report/reach.h"
#include "report/terminal.h"
#include "run/conductor.h"
#include "run_options.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

struct RunCommand {
    ScenarioOptions scenario;
    RunOptions options;
    std::string output;

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
            options.order(*loaded, loaded->scenario.protocol,
                          destinations->empty() ? std::nullopt : std::optional(destinations->front()), command_line());
        if (!order) {
            print_problems(order.problems());
            return Exit::usage;
        }
        if (!options.machine_carries({&*order})) {
            return Exit::usage;
        }
        if (!options.confirm(*loaded, order->protocol->name, *destinations)) {
            return Exit::usage;
        }
        run::Conducted conducted;
        {
            LiveLine progress(options.output(), "");
            conducted = run::conduct(*order, progress);
        }
        if (!conducted.report) {
            if (conducted.interrupted_by == 0) {
                fmt::print(stderr, "portillon: {}\n", conducted.failure);
            } else {
                fmt::print(stderr, "interrupted before the first validation was due: there is nothing to report\n");
            }
            return exit_for(conducted, Exit::failed);
        }
        return exit_for(conducted, present(*conducted.report));
    }

    // The summary reaches the terminal even when the file cannot be written.
    Exit present(const report::RunReport& run) const {
        const bool json_to_stdout = output == "-";
        FILE* const summary_to = json_to_stdout ? stderr : stdout;
        const bool coloured = ::isatty(::fileno(summary_to)) != 0 && std::getenv("NO_COLOR") == nullptr;
        std::fputs(report::summary(run, coloured ? report::Style::coloured : report::Style::plain).c_str(), summary_to);
        std::fflush(summary_to);
        if (report::is_unreached(run)) {
            fmt::print(stderr, "portillon: no equipment could connect to the target\n");
        }
        if (output.empty()) {
            note("No report was written; -o FILE keeps it.");
        } else if (const auto error = report::write_file(output, report::to_json(run))) {
            fmt::print(stderr, "portillon: cannot write {}: {}\n", output, error.message());
            return Exit::failed;
        } else if (!json_to_stdout) {
            note("Report: " + output);
        }
        return exit_of(run, options.strict());
    }

    void note(const std::string& line) const {
        if (!options.quiet()) {
            fmt::print(stderr, "\n{}\n", line);
        }
    }

    static Exit exit_for(const run::Conducted& conducted, Exit otherwise) {
        switch (conducted.interrupted_by) {
            case SIGINT:
                return Exit::interrupted;
            case SIGTERM:
                return Exit::terminated;
            default:
                return otherwise;
        }
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
        "Ctrl-C stops, drains briefly, reports what there is and exits with 130; once more aborts.\n"
        "Exit codes: 2 bad input or a machine that cannot carry it, 130/143 interrupted, 1 failed, 3 the measurement "
        "is\n"
        "invalid, 99 a threshold failed, 0 passed.");
    const auto run = std::make_shared<RunCommand>();
    run->scenario.add_to(*command, ScenarioOptions::File::optional);
    run->scenario.add_protocol_to(*command);
    run->options.add_to(*command, RunOptions::Target::one);
    command->add_option("-o,--output", run->output, "Report to write (JSON); - is standard output")->type_name("FILE");
    command->callback([run, &exit] { exit = run->execute(); });
}

}  // namespace portillon::cmd
