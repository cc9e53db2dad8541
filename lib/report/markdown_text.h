#pragma once

// Puts text of a report into GitHub's Markdown so that it is shown literally, whatever it contains.

#include <string>
#include <string_view>

namespace portillon::report {

// escape::markdown(): one line, cut after `most` bytes.
std::string escaped_markdown(std::string_view text, std::size_t most = 1000);

// The text as inline code; it may contain backticks.
std::string markdown_code(std::string_view text);

// A fenced block; `content` may contain fences.
std::string markdown_block(std::string_view language, std::string_view content);

}  // namespace portillon::report
