#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "files.h"
#include "print.h"
#include "protocols.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

std::string summary(const Loaded& loaded) {
    const auto& scenario = loaded.scenario;
    const auto stages = scenario.lot().traffic.stages.size();
    const bool by_default =
        !scenario.thresholds.empty() && scenario.thresholds.front().origin == gate::Origin::by_default;
    const auto judged = by_default                    ? std::string("the default thresholds")
                        : scenario.thresholds.empty() ? std::string("no thresholds")
                                                      : counted(scenario.thresholds.size(), "threshold");
    return fmt::format("ok: {}: {}, {} arrivals, {}, {}, over {}; {}; workload {}", scenario.name,
                       counted(scenario.lot().fleet.equipments, "equipment"),
                       scenario::name_of(scenario.lot().traffic.arrival.kind), counted(stages, "stage"),
                       format_duration(scenario::stages_of(scenario.lot().traffic).duration()), scenario.lot().protocol,
                       judged, loaded.workload_digest);
}

}  // namespace

void add_validate_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("validate", "Name everything that is wrong in a scenario");
    command->footer("Example: portillon validate scenarios/peak.yaml --set fleet.equipments=500");
    const auto options = std::make_shared<ScenarioOptions>();
    const auto files = Files::of(*command);
    options->add_to(*command, ScenarioOptions::File::required, files);
    options->add_protocol_to(*command);
    command->callback(files->checked(exit, [options] {
        const auto loaded = options->load(known_protocols());
        if (!loaded) {
            print_problems(loaded.problems());
            return Exit::usage;
        }
        print_warnings(loaded->warnings);
        print(standard_output(), "{}\n", summary(*loaded));
        return Exit::passed;
    }));
}

}  // namespace portillon::cmd
