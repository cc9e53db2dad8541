#pragma once

// The report as JSON: what is written, and what is accepted back. Durations are in us to the nanosecond.

#include <string>
#include <string_view>

#include "base/problem.h"
#include "report/model.h"

namespace portillon::report {

enum class Layout : std::uint8_t { pretty, compact };

// Bytes that are not UTF-8 are replaced. Ends with a line feed when pretty.
std::string to_json(const Report& report, Layout layout = Layout::pretty);

// A report of ours, whole and unaltered, or every reason why `text` is none: cut short, another kind of file, a newer
// schema, a key missing or of the wrong type, figures that contradict their histogram, books that do not balance though
// the verdict is not "invalid". `source` is the file's name in the messages. Unknown keys are ignored, so that reports
// of later versions stay readable as long as their schema is 1.
Checked<Report> parse_report(std::string_view text, const std::string& source);

// The JSON Schema (draft 7) of reports.
std::string_view schema_text();

}  // namespace portillon::report
