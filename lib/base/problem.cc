#include "base/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "escape/formats.h"

namespace portillon {

namespace {

// The number of letters inserted, left out, changed, or typed in the wrong order (optimal string alignment).
std::size_t edits_between(const std::string& a, const std::string& b) {
    std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before_last = std::exchange(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
    }
    return row[b.size()];
}

}  // namespace

// Text from elsewhere is escaped: each part is one line and cannot control a terminal.
std::string format_problem(const Problem& problem) {
    std::string text = escape::terminal(problem.source);
    if (problem.line > 0) {
        text += fmt::format(":{}", problem.line);
    }
    if (!text.empty()) {
        text += ": ";
    }
    if (!problem.key.empty()) {
        text += escape::terminal(problem.key) + ": ";
    }
    return text + escape::terminal(problem.message);
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
    std::string best;
    std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        const std::size_t edits = edits_between(word, candidate);
        if (edits < fewest) {
            fewest = edits;
            best = candidate;
        }
    }
    return best;
}

}  // namespace portillon
