#pragma once

// Reports and diffs in GitHub's Markdown, for a comment on a pull request or a job's summary: the verdict is the first
// word, then come thresholds and figures; parts that are rarely read are folded. Text of a report is never taken for
// markup. The result fits into one comment: folded parts that do not fit are left out, and named.

#include <string>

#include "report/diff.h"
#include "report/model.h"

namespace portillon::report {

// The longest comment that GitHub accepts.
inline constexpr std::size_t most_markdown_characters = 65'536;

std::string run_markdown(const RunReport& run);

// With named targets, the changes come first: the first target is the base, and each other one is a candidate.
std::string comparison_markdown(const Comparison& comparison, const DiffOptions& options = {});

std::string diff_markdown(const Diff& diff);

std::string markdown(const Report& report);

}  // namespace portillon::report
