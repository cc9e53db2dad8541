#pragma once

// Writes a report as JSON and reads it back. Durations are in us, exact to the nanosecond.

#include <string>
#include <string_view>

#include "base/problem.h"
#include "report/model.h"

namespace portillon::report {

enum class Layout : std::uint8_t { pretty, compact };

// Bytes that are not UTF-8 are replaced. The pretty layout ends with a line feed.
std::string to_json(const Report& report, Layout layout = Layout::pretty);

// Reads a whole and unaltered report, or gives every reason why `text` is none: it is cut short or another kind of
// file, has a newer schema, a key is missing or of the wrong type, figures contradict their histogram, or identities do
// not hold though the verdict does not say so. `source` is the file's name in the messages. Unknown keys are ignored,
// so that reports of later versions stay readable as long as their schema is 1.
Checked<Report> parse_report(std::string_view text, const std::string& source);

// The JSON Schema (draft 7) of reports.
std::string_view schema_text();

}  // namespace portillon::report
