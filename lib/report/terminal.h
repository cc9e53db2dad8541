#pragma once

// The summary that the user reads after a run: the verdict first, 100 columns at most.

#include <string>

#include "report/model.h"
#include "report/text_table.h"

namespace portillon::report {

std::string summary(const RunReport& run, Style style);

}  // namespace portillon::report
