#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "commands.h"
#include "files.h"
#include "format_option.h"
#include "json_answer.h"
#include "print.h"
#include "protocols.h"
#include "run/doctor.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

const char* name_of_health(run::Health health) {
    return health == run::Health::good ? "good" : health == run::Health::doubtful ? "doubtful" : "bad";
}

nlohmann::ordered_json doctor_answer(const std::vector<run::Finding>& findings, const scenario::Scenario* scenario) {
    auto json = json_answer("doctor", run::can_run(findings) ? Exit::passed : Exit::usage);
    json["can_run"] = run::can_run(findings);
    json["scenario"] = nlohmann::ordered_json();
    if (scenario != nullptr) {
        json["scenario"] = {{"name", scenario->name},
                            {"equipments", scenario->lot().fleet.equipments},
                            {"protocol", scenario->lot().protocol}};
    }
    json["findings"] = nlohmann::ordered_json::array();
    for (const auto& finding : findings) {
        json["findings"].push_back({{"health", name_of_health(finding.health)},
                                    {"what", finding.what},
                                    {"there", finding.there},
                                    {"needed", finding.needed},
                                    {"remedy", finding.remedy}});
    }
    return json;
}

Exit examine(const ScenarioOptions& options, const FormatOption& format) {
    const auto facts = run::look();
    std::optional<run::Needs> needs;
    Checked<Loaded> loaded = Loaded{};
    if (options.given()) {
        const auto protocols = known_protocols();
        loaded = options.load(protocols);
        if (!loaded) {
            print_problems(loaded.problems());
            return Exit::usage;
        }
        const auto protocol = std::find_if(protocols.begin(), protocols.end(), [&](const auto& known) {
            return known.name == loaded->scenario.lot().protocol;
        });
        needs = run::needs_of(loaded->scenario, protocol->descriptors_per_session, plan::Server::embedded, facts);
    }
    const auto findings = run::examine(facts, needs);
    if (format.json()) {
        print_json(standard_output(), doctor_answer(findings, needs ? &loaded->scenario : nullptr));
        return run::can_run(findings) ? Exit::passed : Exit::usage;
    }
    show(standard_output(), run::format_findings(findings));
    if (!run::can_run(findings)) {
        print(standard_output(), "doctor: {} cannot run on this machine as it is\n",
              needs ? loaded->scenario.name : "no fleet");
        return Exit::usage;
    }
    if (needs) {
        print(standard_output(), "doctor: {} can run: {} over {} and the embedded server\n", loaded->scenario.name,
              counted(loaded->scenario.lot().fleet.equipments, "equipment"), loaded->scenario.lot().protocol);
    }
    return Exit::passed;
}

}  // namespace

void add_doctor_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand(
        "doctor",
        "Check whether this machine can run a scenario, and name the commands that help if not; sends nothing");
    command->footer(
        "FAIL: the scenario cannot run, exit code 2. WARN: it runs, but its figures may suffer.\n"
        "Without a scenario only the machine is checked.\n"
        "--format json: can_run, and findings with their health (good, doubtful, bad), what there is and is needed.\n"
        "Example: portillon doctor scenarios/fifty-thousand.yaml");
    const auto options = std::make_shared<ScenarioOptions>();
    const auto format = std::make_shared<FormatOption>();
    const auto files = Files::of(*command);
    options->add_to(*command, ScenarioOptions::File::optional, files);
    options->add_protocol_to(*command);
    format->add_to(*command);
    command->callback(files->checked(exit, [options, format] { return examine(*options, *format); }));
}

}  // namespace portillon::cmd
