#include "commands.h"
#include "print.h"
#include "report/prose.h"
#include "scenario_names.h"

namespace portillon::cmd {

namespace {

constexpr std::size_t question_column = 18;

Exit list_scenarios() {
    const auto all = installed_scenarios();
    if (all.empty()) {
        print(standard_error(), "portillon: no scenarios are installed with this program; {} may name their folder\n",
              scenario_folder_variable);
        return Exit::failed;
    }
    for (const auto& scenario : all) {
        auto label = scenario.name;
        if (label.size() >= question_column) {
            print(standard_output(), "{}\n", label);
            label.clear();
        }
        show(standard_output(), report::labelled(label, question_column, scenario.description));
    }
    const auto& first = all.front().file;
    print(standard_output(),
          "\nThey lie in {}. portillon plan NAME shows what one will do, portillon run NAME runs it.\n",
          first.substr(0, first.rfind('/')));
    return Exit::passed;
}

}  // namespace

void add_scenarios_command(CLI::App& app, Exit& exit) {
    auto* command =
        app.add_subcommand("scenarios", "List the scenarios that are installed, and the question each answers");
    command->footer(
        "They are searched for beside the program, in the source tree where it was built, or in\n"
        "share/portillon/scenarios where it was installed; PORTILLON_SCENARIOS names another folder. Each can be\n"
        "run by its bare name.\n"
        "Examples:\n"
        "  portillon scenarios\n"
        "  portillon run peak --equipments 500");
    command->callback([&exit] { exit = list_scenarios(); });
}

}  // namespace portillon::cmd
