#pragma once

// Scenarios that come with the program can be named without a path: `portillon run smoke`.

#include <string>
#include <vector>

namespace portillon::cmd {

// The file that is meant: `typed` itself if there is such a file, else the scenario of that name that lies beside the
// program or was installed with it, else `typed`.
std::string scenario_file(const std::string& typed);

// Whether there is a file or a scenario of that name.
bool is_scenario(const std::string& typed);

// Why `path` cannot be read, and what may have been meant.
std::string why_unreadable(const std::string& path);

}  // namespace portillon::cmd
