#pragma once

// Text of a report inside GitHub's Markdown: shown as it is, whatever it holds.

#include <string>
#include <string_view>

namespace portillon::report {

// escape::markdown(): one line, cut after `most` bytes.
std::string escaped_markdown(std::string_view text, std::size_t most = 1000);

// As code, in a line of its own text: backticks inside are allowed for.
std::string markdown_code(std::string_view text);

// A fenced block; `content` may hold fences.
std::string markdown_block(std::string_view language, std::string_view content);

}  // namespace portillon::report
