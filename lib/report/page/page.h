#pragma once

// Writes a report as one HTML file that needs no network and no other file. Every figure is in the HTML itself; the
// charts are drawn from data embedded in the file.

#include <string>

#include "report/diff.h"
#include "report/model.h"

namespace portillon::report::page {

// The page in UTF-8; bytes of the report that are not UTF-8 are replaced. A single run gives the same page as a
// comparison, with one row. Pure: the same report gives the same bytes. `options` are for the diff between named
// targets.
std::string html_page(const Report& report, const DiffOptions& options = {});

}  // namespace portillon::report::page
