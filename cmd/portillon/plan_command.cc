#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <memory>

#include "clock_time.h"
#include "commands.h"
#include "entries.h"
#include "files.h"
#include "format_option.h"
#include "json_answer.h"
#include "plan_json.h"
#include "print.h"
#include "protocols.h"
#include "run/doctor.h"
#include "scenario/plan.h"
#include "scenario/resolved.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

using scenario::Counting;
using scenario::Plan;

std::string written(double value) {
    return humanize_count(value);
}
std::string written(std::uint64_t value) {
    return humanize_count(static_cast<double>(value));
}

void print_rows(const Plan& plan) {
    const bool known = plan.counting != Counting::unknown;
    print(standard_output(), "\n{:>17} {:>9} {:>9} {:>14} {:>11} {:>10}\n", "from .. to", "started", "dialled",
          "validations", "per second", "payload");
    for (const auto& row : plan.rows) {
        const double width_s = seconds(row.to - row.from);
        print(standard_output(), "{:>17} {:>9} {:>9} {:>14} {:>11} {:>10}\n",
              clock_time(row.from) + " .. " + clock_time(row.to), row.started, row.dialled,
              known ? written(row.validations) : "?",
              known ? written(static_cast<double>(row.validations) / width_s) : "?",
              known ? humanize(row.payload) : "?");
    }
}

void print_totals(const Plan& plan) {
    switch (plan.counting) {
        case Counting::exact:
            print(standard_output(), "\nvalidations     {} exactly", written(plan.validations));
            if (plan.fewest == plan.most) {
                print(standard_output(), ", {} from each equipment\n", written(plan.most));
            } else {
                print(standard_output(), ", {} to {} from each equipment\n", written(plan.fewest), written(plan.most));
            }
            break;
        case Counting::expected:
            print(standard_output(), "\nvalidations     about {}\n", written(plan.validations));
            break;
        case Counting::unknown:
            print(standard_output(), "\nvalidations     as many as are answered\n");
            break;
    }
    if (plan.counting != Counting::unknown) {
        print(standard_output(), "payload         {}\n", humanize(plan.payload));
        print(standard_output(), "peak            {}/s in {} batches/s, at {}\n", written(plan.peak_per_s),
              written(plan.peak_batches_per_s), clock_time(plan.peak_at));
    }
    print(standard_output(), "time            {} from the start, {} of it measured; {} to connect before\n",
          clock_time(plan.duration), clock_time(plan.measured), humanize(plan.connecting));
}

void print_needs(const Plan& plan, const plan::Machine& machine) {
    const auto& sizing = plan.sizing;
    print(standard_output(), "generator       {} process{}, {} descriptors each (limit {})\n", sizing.generator_shards,
          sizing.generator_shards == 1 ? "" : "es", written(sizing.generator_descriptors),
          written(std::uint64_t{machine.descriptor_limit}));
    print(standard_output(), "server          {} process{}, {} descriptors each; record of what arrives {}\n",
          sizing.server_shards, sizing.server_shards == 1 ? "" : "es", written(sizing.server_descriptors),
          humanize(plan.ledger));
    print(standard_output(), "ports           {} on {} source address{}\n", written(sizing.ports_of_an_address),
          sizing.source_addresses, sizing.source_addresses == 1 ? "" : "es");
}

void print_thresholds(const scenario::Scenario& scenario) {
    std::vector<std::string> texts;
    bool by_default = false;
    for (const auto& threshold : scenario.thresholds) {
        texts.push_back(threshold.metric + ": " + threshold.expression);
        by_default = by_default || threshold.origin == gate::Origin::by_default;
    }
    print(standard_output(), "thresholds      {}{}\n",
          texts.empty() ? "none: nothing is judged" : fmt::format("{}", fmt::join(texts, "; ")),
          by_default ? " (by default: the scenario states none)" : "");
}

// Prints the rows that `compare` would run, each with the validations due in one run of it, and the total.
void print_rows(const Entries& entries, unsigned repeats) {
    print(standard_output(), "\n{:>12} {:>11} {:>8}  {}\n", "validations", "per second", "time", "row");
    for (const auto& entry : entries.rows) {
        const auto& scenario = entry.order.scenario;
        const auto plan = scenario::plan(scenario, 1, plan::Server::embedded, plan::Machine{}, 2);
        const bool known = plan.counting != Counting::unknown;
        print(standard_output(), "{:>12} {:>11} {:>8}  {}\n", known ? written(plan.validations) : "?",
              known ? written(plan.peak_per_s) : "?",
              clock_time(std::chrono::ceil<std::chrono::seconds>(planned_time(entry))), entry.label);
    }
    print(standard_output(), "\ncomparison      {}, each with a drain of its own\n", extent_of(entries.rows, repeats));
}

struct PlanCommand {
    ScenarioOptions options;
    std::vector<std::string> protocols, vary;
    unsigned repeats = 1;
    FormatOption format;

    bool compares() const { return !protocols.empty() || !vary.empty() || repeats > 1; }

    Checked<Entries> entries(const Loaded& base) const {
        const auto axes = parse_axes(vary);
        return axes ? entries_for(options, RunOptions{}, base, {}, protocols, *axes)
                    : Checked<Entries>(axes.problems());
    }
};

}  // namespace

void add_plan_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("plan", "Show what a scenario will do and what it needs, without running it");
    command->footer(
        "Examples:\n"
        "  portillon plan scenarios/ramp.yaml --compress 60\n"
        "  portillon plan scenarios/smoke.yaml --protocols mqtt,http2 --vary delivery.batch.max=1,10 --repeat 3\n"
        "With --protocols, --vary or --repeat it shows what compare would run with these options, and how long.\n"
        "--format json: the scenario with every default, rows (what begins and is due when), totals, needs of the\n"
        "machine, thresholds, comparison (its rows and runs; null without these options) and warnings; instants in\n"
        "_s since the start (T0), sizes in _bytes, rates in _per_s.");
    const auto plan_command = std::make_shared<PlanCommand>();
    const auto files = Files::of(*command);
    plan_command->options.add_to(*command, ScenarioOptions::File::optional, files);
    plan_command->options.add_protocol_to(*command);
    add_protocols_option(*command, plan_command->protocols, "--protocols");
    add_vary_option(*command, plan_command->vary);
    add_repeat_option(*command, plan_command->repeats);
    plan_command->format.add_to(*command);
    command->callback(files->checked(exit, [plan_command] {
        const auto protocols = known_protocols();
        const auto loaded = plan_command->options.load(protocols);
        if (!loaded) {
            print_problems(loaded.problems());
            return Exit::usage;
        }
        const auto entries = plan_command->compares() ? plan_command->entries(*loaded) : Checked(Entries{});
        if (!entries) {
            print_problems(entries.problems());
            return Exit::usage;
        }
        const auto& scenario = loaded->scenario;
        const auto protocol = std::find_if(protocols.begin(), protocols.end(),
                                           [&](const auto& known) { return known.name == scenario.lot().protocol; });
        const auto machine = run::machine_of(run::look());
        const auto plan = scenario::plan(scenario, protocol->descriptors_per_session, plan::Server::embedded, machine);
        if (plan_command->format.json()) {
            auto json = json_answer("plan", Exit::passed);
            json.update(plan_json(*loaded, plan, machine));
            json["comparison"] =
                plan_command->compares() ? comparison_json(*entries, plan_command->repeats) : nlohmann::ordered_json();
            print_json(standard_output(), json);
            return Exit::passed;
        }
        show(standard_output(), scenario::to_yaml(scenario));
        print_rows(plan);
        show(standard_output(), scenario::fault_lines(scenario));
        print_totals(plan);
        print_needs(plan, machine);
        print_thresholds(scenario);
        print(standard_output(), "workload        {}\n", loaded->workload_digest);
        if (plan_command->compares()) {
            print_rows(*entries, plan_command->repeats);
            print_warnings(entries->warnings);
        }
        // The scenario's own warnings are part of the plan; those about options come first.
        for (const auto& warning : loaded->warnings) {
            if (!warning.source.empty()) {
                print(standard_output(), "warning: {}\n", format_problem(warning));
            }
        }
        for (const auto& warning : plan.warnings) {
            print(standard_output(), "warning: {}\n", warning);
        }
        return Exit::passed;
    }));
}

}  // namespace portillon::cmd
