#pragma once

// Bars that compare the rows of a report figure by figure, drawn without a script: each with its value, and how many
// times it is the least one.

#include <vector>

#include "report/page/html.h"
#include "report/rows.h"

namespace portillon::report::page {

// Bars for P95, the server's CPU and memory, and bytes on the wire; a figure that no row has is left out. The bar of a
// row without a valid measurement, or whose time is another than that of the others, is pale, and nothing is compared
// with it.
Html bars_of(const std::vector<Row>& rows);

}  // namespace portillon::report::page
