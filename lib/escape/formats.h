#pragma once

// Makes text that did not originate in our source safe for an output: one function per format. The text may be
// anything: names and paths that a user wrote, a report from elsewhere, a server's words. Letters that must not be
// shown as they are (letters.h) become visible letters, in every format alike: ESC is \x1b.

#include <cstddef>
#include <string>
#include <string_view>

namespace portillon::escape {

inline constexpr std::size_t longest_shown = 4000;  // letters of one text; a longer one is cut, with an ellipsis

// One line for a terminal or a log, of at most `most` letters.
std::string terminal(std::string_view text, std::size_t most = longest_shown);

// The colours that our own output uses.
inline constexpr std::string_view plain = "\033[0m", red = "\033[1;31m", green = "\033[1;32m", yellow = "\033[1;33m";

// A complete output of our own making for a terminal: its line feeds, tabs and the colours above pass, everything else
// is escaped as above. The last line of defence, after terminal() on each text in it.
std::string terminal_output(std::string_view output);

// Character data or an attribute's value in XML 1.0, in one line.
std::string xml(std::string_view text);

// Text or an attribute's value in HTML. Line feeds and tabs stay.
std::string html(std::string_view text);

// JSON whose strings have their hidden letters as \u escapes, so that it may be shown; its meaning is unchanged. `json`
// is valid JSON except for bytes that are not UTF-8, which become U+FFFD.
std::string json(std::string_view json);

// JSON that may stand inside <script>: as above, and < > & as \u escapes.
std::string json_in_script(std::string_view json);

// A field of CSV (RFC 4180), quoted where necessary. Line breaks stay, inside quotes. A text that a spreadsheet would
// take for a formula (= + - @ and their full-width forms first, behind spaces too, or a tab or line break first) gets
// an apostrophe in front. Not for numbers.
std::string csv(std::string_view text);

// One line in GitHub's Markdown, of at most `most` bytes: everything that Markdown, HTML, table cells, or automatic
// links and mentions would interpret is escaped.
std::string markdown(std::string_view text, std::size_t most = longest_shown);

// One line for Markdown's code spans: no hidden letters, no line breaks. The caller chooses the fence.
std::string one_line(std::string_view text);

// Several lines, for a block of code: line feeds and tabs stay.
std::string lines(std::string_view text);

// A comment in an HdrHistogram log, with its line feed: "#[text]".
std::string log_comment(std::string_view text);

}  // namespace portillon::escape
