#include "report/markdown_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "escape/formats.h"

namespace portillon::report {

namespace {

std::size_t longest_run_of_backticks(std::string_view text) {
    std::size_t longest = 0, run = 0;
    for (const char letter : text) {
        run = letter == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

}  // namespace

std::string escaped_markdown(std::string_view text, std::size_t most) {
    return escape::markdown(text, most);
}

std::string markdown_code(std::string_view text) {
    const auto line = escape::one_line(text);
    const std::string fence(longest_run_of_backticks(line) + 1, '`');
    const bool touching = line.empty() || line.front() == '`' || line.back() == '`';
    // In a table a pipe ends the cell even inside code, unless it is escaped.
    std::string piped;
    for (const char letter : line) {
        piped += letter == '|' ? "\\|" : std::string(1, letter);
    }
    return touching ? fence + " " + piped + " " + fence : fence + piped + fence;
}

std::string markdown_block(std::string_view language, std::string_view content) {
    const auto text = escape::lines(content);
    const std::string fence(std::max<std::size_t>(3, longest_run_of_backticks(text) + 1), '`');
    return fmt::format("{}{}\n{}{}{}\n", fence, language, text, text.ends_with('\n') ? "" : "\n", fence);
}

}  // namespace portillon::report
