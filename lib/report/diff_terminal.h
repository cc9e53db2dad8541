#pragma once

// A diff as text for a terminal: the verdict first, then a line for each metric.

#include <string>

#include "report/diff.h"
#include "report/terminal.h"

namespace portillon::report {

std::string format_diff(const Diff& diff, Style style);

}  // namespace portillon::report
