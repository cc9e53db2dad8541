#pragma once

#include "report/diff.h"
#include "report/model.h"
#include "report/page/html.h"

namespace portillon::report::page {

// The section on what changed between the targets of a comparison (report/diff.h); empty unless it has two named
// targets.
Html changes_content(const Report& report, const DiffOptions& options);

}  // namespace portillon::report::page
