#pragma once

// Reports and diffs as GitHub's Markdown, for a comment on a pull request or a job's summary: the verdict in the first
// word, then what was asked and what came of it; what is read only sometimes is folded. Whatever a report holds is
// shown as text. Fits into one comment: folded parts that do not are left out, and named.

#include <string>

#include "report/diff.h"
#include "report/model.h"

namespace portillon::report {

// GitHub takes no longer comment.
inline constexpr std::size_t most_markdown_characters = 65'536;

std::string run_markdown(const RunReport& run);

// With named targets what changed comes first: the first target is the base, and each other one its candidate.
std::string comparison_markdown(const Comparison& comparison, const DiffOptions& options = {});

std::string diff_markdown(const Diff& diff);

std::string markdown(const Report& report);

}  // namespace portillon::report
