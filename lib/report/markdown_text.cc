#include "report/markdown_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace portillon::report {

namespace {

bool is_control(char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
}

bool is_word(char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

// At most `most` bytes of it, not within a character of UTF-8.
std::string_view cut(std::string_view text, std::size_t most) {
    if (text.size() <= most) {
        return text;
    }
    auto end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

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
    const auto shown = cut(text, most);
    std::string out;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const char letter = shown[i];
        if (is_control(letter)) {
            out += ' ';
        } else if (letter == '&') {
            out += "&amp;";
        } else if (letter == '<') {
            out += "&lt;";
        } else if (letter == '>') {
            out += "&gt;";
        } else if (std::string_view("\\`*[]|~#$").find(letter) != std::string_view::npos) {
            out += '\\';
            out += letter;
        } else if (letter == '_') {
            // Within a word it is an ordinary letter: generator_lag.
            const bool within = i > 0 && i + 1 < shown.size() && is_word(shown[i - 1]) && is_word(shown[i + 1]);
            out += within ? "_" : "\\_";
        } else {
            out += letter;
        }
    }
    return shown.size() < text.size() ? out + "…" : out;
}

std::string markdown_code(std::string_view text) {
    std::string line(text);
    std::replace_if(line.begin(), line.end(), is_control, ' ');
    const std::string fence(longest_run_of_backticks(line) + 1, '`');
    const bool touching = line.empty() || line.front() == '`' || line.back() == '`';
    // In a table's cell a pipe ends it even inside code, unless escaped.
    std::string piped;
    for (const char letter : line) {
        piped += letter == '|' ? "\\|" : std::string(1, letter);
    }
    return touching ? fence + " " + piped + " " + fence : fence + piped + fence;
}

std::string markdown_block(std::string_view language, std::string_view text) {
    const std::string fence(std::max<std::size_t>(3, longest_run_of_backticks(text) + 1), '`');
    return fmt::format("{}{}\n{}{}{}\n", fence, language, text, text.ends_with('\n') ? "" : "\n", fence);
}

MarkdownTable::MarkdownTable(std::vector<std::string> headings, std::vector<Align> columns) {
    text_ = fmt::format("| {} |\n|", fmt::join(headings, " | "));
    for (const auto align : columns) {
        text_ += align == Align::left ? " --- |" : " ---: |";
    }
    text_ += '\n';
}

void MarkdownTable::add_row(const std::vector<std::string>& cells) {
    text_ += fmt::format("| {} |\n", fmt::join(cells, " | "));
    ++rows_;
}

}  // namespace portillon::report
