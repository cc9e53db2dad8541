#pragma once

// Describes a fault of a report in one line.

#include <string>

#include "report/model.h"

namespace portillon::report {

// "1 cut, 80 s to 140 s, 50,000 equipments: back to normal after 4 s; P95 1.2 ms before, 58 s during, ..."
std::string fault_line(const RunReport& run, const Fault& fault);

// "exited with 0 after 1.20 s", "exited with 5 after 100 ms (no such unit)", "could not be started: no such file": the
// last line of what a command printed is of interest if it failed.
std::string ending_of(const ExecutedCommand& command);

}  // namespace portillon::report
