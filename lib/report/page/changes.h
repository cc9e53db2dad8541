#pragma once

#include "report/diff.h"
#include "report/model.h"
#include "report/page/html.h"

namespace portillon::report {

// What changed between the targets of a comparison, as report/diff.h tells it; empty unless it has two with names.
Html changes_content(const Report& report, const DiffOptions& options);

}  // namespace portillon::report
