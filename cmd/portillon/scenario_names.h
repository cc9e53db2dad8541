#pragma once

// Scenarios that come with the program are known by name: `portillon run smoke`.

#include <string>
#include <vector>

namespace portillon::cmd {

// The file that is meant: `typed` itself if there is one, else the scenario of that name that lies beside the program
// or was installed with it, else `typed`.
std::string scenario_file(const std::string& typed);

// Whether a file or a scenario of that name is there.
bool is_scenario(const std::string& typed);

// Why `path`, which cannot be read, cannot; and what may have been meant.
std::string why_unreadable(const std::string& path);

}  // namespace portillon::cmd
