#pragma once

// What a person reads after a run: at most 100 columns, the verdict first.

#include <string>

#include "report/model.h"

namespace portillon::report {

enum class Style : std::uint8_t { plain, coloured };

std::string summary(const RunReport& run, Style style);

}  // namespace portillon::report
