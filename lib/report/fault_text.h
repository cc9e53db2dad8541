#pragma once

// Describes a fault of a report in one line.

#include <string>

#include "report/model.h"

namespace portillon::report {

// "1 cut, 80 s to 140 s, 50,000 equipments: back to normal after 4 s; P95 1.2 ms before, 58 s during, ..."
std::string fault_line(const RunReport& run, const Fault& fault);

}  // namespace portillon::report
