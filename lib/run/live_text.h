#pragma once

// Says in lines of text how a run stands. Pure.

#include <cstddef>
#include <string>
#include <vector>

#include "run/progress.h"

namespace portillon::run {

// In one line, for a log.
std::string format_live(const Live& live);

// For a terminal of so many columns: two to four lines that fit, whole words only. What does not fit into a line is
// left out as a whole, the least important first. `prefix` names the run among several ("2/6 http2"); may be empty.
std::vector<std::string> format_live_lines(const Live& live, const std::string& prefix, std::size_t columns);

}  // namespace portillon::run
