#pragma once

// What a person reads after a run: at most 100 columns, the verdict first.

#include <string>

#include "report/model.h"
#include "report/text_table.h"

namespace portillon::report {

std::string summary(const RunReport& run, Style style);

}  // namespace portillon::report
