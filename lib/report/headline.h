#pragma once

// What went wrong in a run, in one sentence for the first line.

#include <string>

#include "report/model.h"

namespace portillon::report {

// "600 of 600 validations were rejected: http_404 600" names the biggest reason why something did not get through;
// where everything did, the threshold that failed; empty when neither.
std::string headline(const RunReport& run);

// Whether any threshold failed.
bool any_failed(const RunReport& run);

// The ways to an account of what arrived, for the default thresholds that were skipped without one: a sentence that
// names them; empty when none was.
std::string about_skipped(const RunReport& run);

}  // namespace portillon::report
