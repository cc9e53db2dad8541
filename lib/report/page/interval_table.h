#pragma once

#include "report/rows.h"
#include "report/table.h"

namespace portillon::report::page {

// The table of a row over time, in about sixty lines; empty if there are no intervals.
Table interval_table(const Row& row);

}  // namespace portillon::report::page
