#pragma once

// Says in one sentence, for the first line of a report, what went wrong in a run.

#include <string>

#include "report/model.h"

namespace portillon::report {

// "no equipment could connect to http://127.0.0.1:1: connection refused (50 of 50)" comes before everything else.
// "600 of 600 validations were rejected: http_404 600" names the main reason why validations did not get through. If
// all did, the headline names the threshold that failed; it is empty if none failed.
std::string headline(const RunReport& run);

// The same without thresholds: what did not get through, and why; empty if everything did.
std::string what_did_not_get_through(const RunReport& run);

// Whether any threshold failed.
bool any_failed(const RunReport& run);

// If default thresholds were skipped because nothing is known of what arrived: a sentence that says how to run with a
// ledger. Empty if none was skipped.
std::string about_skipped(const RunReport& run);

}  // namespace portillon::report
