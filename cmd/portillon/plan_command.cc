#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <memory>

#include "commands.h"
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

std::string count(double value) {
    return humanize_count(value);
}
std::string count(std::uint64_t value) {
    return humanize_count(static_cast<double>(value));
}

// Writes 90 s as "1m30s": in full, unlike format_duration's single unit.
std::string clock_time(Nanos value) {
    if (value < Nanos{0}) {
        return "-" + clock_time(-value);
    }
    const auto whole = std::chrono::floor<std::chrono::seconds>(value);
    if (value < 60s || whole != value) {
        return format_duration(value);
    }
    const auto total = whole.count();
    std::string text;
    for (const auto& [unit, name] : {std::pair{3600L, "h"}, std::pair{60L, "m"}, std::pair{1L, "s"}}) {
        const auto part = unit == 3600 ? total / unit : total / unit % 60;
        text += part > 0 ? fmt::format("{}{}", part, name) : "";
    }
    return text;
}

void print_rows(const Plan& plan) {
    const bool known = plan.counting != Counting::unknown;
    print(standard_output(), "\n{:>17} {:>9} {:>9} {:>14} {:>11} {:>10}\n", "from .. to", "started", "dialled",
          "validations", "per second", "payload");
    for (const auto& row : plan.rows) {
        const double width_s = seconds(row.to - row.from);
        print(standard_output(), "{:>17} {:>9} {:>9} {:>14} {:>11} {:>10}\n",
              clock_time(row.from) + " .. " + clock_time(row.to), row.started, row.dialled,
              known ? count(row.validations) : "?", known ? count(static_cast<double>(row.validations) / width_s) : "?",
              known ? humanize(row.payload) : "?");
    }
}

void print_totals(const Plan& plan) {
    switch (plan.counting) {
        case Counting::exact:
            print(standard_output(), "\nvalidations     {} exactly", count(plan.validations));
            if (plan.fewest == plan.most) {
                print(standard_output(), ", {} from each equipment\n", count(plan.most));
            } else {
                print(standard_output(), ", {} to {} from each equipment\n", count(plan.fewest), count(plan.most));
            }
            break;
        case Counting::expected:
            print(standard_output(), "\nvalidations     about {}\n", count(plan.validations));
            break;
        case Counting::unknown:
            print(standard_output(), "\nvalidations     as many as are answered\n");
            break;
    }
    if (plan.counting != Counting::unknown) {
        print(standard_output(), "payload         {}\n", humanize(plan.payload));
        print(standard_output(), "peak            {}/s in {} batches/s, at {}\n", count(plan.peak_per_s),
              count(plan.peak_batches_per_s), clock_time(plan.peak_at));
    }
    print(standard_output(), "time            {} from T0, {} of it measured; {} to connect before\n",
          clock_time(plan.duration), clock_time(plan.measured), humanize(plan.connecting));
}

void print_needs(const Plan& plan, const plan::Machine& machine) {
    const auto& sizing = plan.sizing;
    print(standard_output(), "generator       {} shard{}, {} descriptors each (limit {})\n", sizing.generator_shards,
          sizing.generator_shards == 1 ? "" : "s", count(sizing.generator_descriptors),
          count(std::uint64_t{machine.descriptor_limit}));
    print(standard_output(), "server          {} shard{}, {} descriptors each; ledger {}\n", sizing.server_shards,
          sizing.server_shards == 1 ? "" : "s", count(sizing.server_descriptors), humanize(plan.ledger));
    print(standard_output(), "ports           {} on {} source address{}\n", count(sizing.ports_of_an_address),
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

}  // namespace

void add_plan_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("plan", "Show what a scenario will do and what it needs, without running it");
    command->footer(
        "--format json: the scenario with every default, rows (what begins and is due when), totals, needs of the\n"
        "machine, thresholds and warnings; instants in _s since T0, sizes in _bytes, rates in _per_s.\n"
        "Example: portillon plan scenarios/ramp.yaml --compress 60");
    const auto options = std::make_shared<ScenarioOptions>();
    const auto format = std::make_shared<FormatOption>();
    const auto files = Files::of(*command);
    options->add_to(*command, ScenarioOptions::File::optional, files);
    options->add_protocol_to(*command);
    format->add_to(*command);
    command->callback(files->checked(exit, [options, format] {
        const auto protocols = known_protocols();
        const auto loaded = options->load(protocols);
        if (!loaded) {
            print_problems(loaded.problems());
            return Exit::usage;
        }
        const auto& scenario = loaded->scenario;
        const auto protocol = std::find_if(protocols.begin(), protocols.end(),
                                           [&](const auto& known) { return known.name == scenario.lot().protocol; });
        const auto machine = run::machine_of(run::look());
        const auto plan = scenario::plan(scenario, protocol->descriptors_per_session, plan::Server::embedded, machine);
        if (format->json()) {
            auto json = json_answer("plan", Exit::passed);
            json.update(plan_json(*loaded, plan, machine));
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
