#pragma once

#include "report/rows.h"
#include "report/table.h"

namespace portillon::report {

// A row over time, in some sixty lines; empty without intervals.
Table interval_table(const Row& row);

}  // namespace portillon::report
