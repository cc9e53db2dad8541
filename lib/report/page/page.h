#pragma once

// The report as one HTML file that needs nothing else: no network, no other file. Every figure stands in the HTML
// itself; the charts are drawn from what is embedded beside it.

#include <string>

#include "report/diff.h"
#include "report/model.h"

namespace portillon::report {

// UTF-8; bytes of the report that are not are replaced. A single run and a comparison make the same page, a run as its
// only row. Pure: the same report makes the same bytes. The options are those of what changed between named targets.
std::string html_page(const Report& report, const DiffOptions& options = {});

}  // namespace portillon::report
