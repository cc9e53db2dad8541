#include "report/markdown_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/markdown_text.h"
#include "report/prose.h"

namespace portillon::report {

namespace {

constexpr std::size_t most_letters_of_a_cell = 160;

std::string escaped_cell(const std::string& text) {
    return escaped_markdown(text, most_letters_of_a_cell);
}

std::string text_of_markdown(const Cell& cell) {
    // Nothing can be escaped inside code, so a text with markup is escaped text instead.
    const bool as_code = cell.form == Form::code && !cell.text.empty() && cell.text.find('<') == std::string::npos;
    return as_code ? markdown_code(cell.text) : escaped_cell(plain_text(cell));
}

std::string markdown_of(const Cell& cell) {
    auto text = text_of_markdown(cell);
    if (cell.mood == Mood::bad && !text.empty()) {
        text = "**" + text + "**";
    }
    const auto range = telling_range(cell);
    text += range.empty() ? "" : " (" + escaped_cell(range) + ")";
    for (const auto& remark : cell.remarks) {
        text += " (" + escaped_cell(remark.text) + ")";
    }
    return text;
}

std::string row_of_markdown(const std::vector<std::string>& cells) {
    return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string line_of_markdown(const Line& line) {
    std::vector<std::string> cells;
    for (const auto& cell : line.cells) {
        cells.push_back(markdown_of(cell));
    }
    return row_of_markdown(cells);
}

std::string heads_of_markdown(const std::vector<Column>& columns) {
    std::vector<std::string> names;
    std::string rule = "|";
    for (const auto& column : columns) {
        names.push_back(escaped_cell(column.name));
        rule += column.align == Align::left ? " --- |" : " ---: |";
    }
    return row_of_markdown(names) + rule + '\n';
}

}  // namespace

std::string markdown_table(const Table& table, std::size_t most_lines) {
    if (table.named_groups) {
        return markdown_table(with_names(table), most_lines);
    }
    std::string text;
    std::size_t shown = 0;
    std::uint64_t unseen = 0;
    for (const auto& group : table.groups) {
        unseen += group.unseen;
        if (!group.heading.empty() && shown < most_lines) {
            std::vector<std::string> cells(table.columns.size());
            cells.front() = "**" + escaped_cell(group.heading) + "**";
            text += row_of_markdown(cells);
        }
        for (const auto& line : group.lines) {
            if (shown == most_lines) {
                ++unseen;
            } else {
                text += line_of_markdown(line);
                ++shown;
            }
        }
    }
    const auto rest = unseen == 0 ? std::string{} : fmt::format("\n…and {} more.\n", counted(unseen));
    return shown == 0 ? std::string{} : heads_of_markdown(table.columns) + text + rest;
}

}  // namespace portillon::report
