#pragma once

// Scenarios that come with the program can be named without a path: `portillon run smoke`. They lie beside the program,
// in the source tree where it was built, or where it was installed; or in the folder that an environment variable
// names.

#include <string>
#include <vector>

namespace portillon::cmd {

inline constexpr const char* scenario_folder_variable = "PORTILLON_SCENARIOS";

struct InstalledScenario {
    std::string name, file;
    std::string description;  // the question that it answers, or why it cannot be read
};

// All of them, by name.
std::vector<InstalledScenario> installed_scenarios();

// The JSON Schema of scenarios as a file, for editors; empty if none is installed.
std::string installed_schema();

// The file that is meant: `typed` itself if there is such a file, else the scenario of that name that lies beside the
// program or was installed with it, else `typed`.
std::string scenario_file(const std::string& typed);

// Whether there is a file or a scenario of that name.
bool is_scenario(const std::string& typed);

// Why `path` cannot be read, and what may have been meant.
std::string why_unreadable(const std::string& path);

}  // namespace portillon::cmd
