#include "report/text_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "escape/formats.h"
#include "report/prose.h"

namespace portillon::report {

namespace {

constexpr std::size_t most_letters = 200;  // of a cell; a longer one would make every line of the table as long

std::size_t width_of(const std::string& cell) {
    return static_cast<std::size_t>(
        std::count_if(cell.begin(), cell.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::vector<std::string> names_of_columns(const Table& table) {
    std::vector<std::string> names;
    for (const auto& column : table.columns) {
        names.push_back(column.name);
    }
    return names;
}

}  // namespace

std::string painted(const std::string& text, Mood mood, Style style) {
    if (style == Style::plain || mood == Mood::plain || mood == Mood::quiet) {
        return text;
    }
    const char* code = mood == Mood::bad ? "31" : mood == Mood::good ? "32" : "33";
    return fmt::format("\033[1;{}m{}\033[0m", code, text);
}

void TextTable::add_row(std::vector<std::string> cells, std::vector<Mood> moods) {
    check(cells.size() == columns_.size(), "a row with more or fewer cells than its table has columns");
    for (auto& cell : cells) {
        cell = escape::terminal(cell, most_letters);
    }
    moods.resize(cells.size());
    rows_.push_back({std::move(cells), std::move(moods)});
}

std::string TextTable::text(const std::string& margin, Style style) const {
    std::vector<std::size_t> widths(columns_.size(), 0);
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row.cells[i]));
        }
    }
    std::string text;
    for (const auto& row : rows_) {
        std::string line = margin;
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            const std::string filling(widths[i] - width_of(row.cells[i]), ' ');
            const auto begin = std::min(row.cells[i].find_first_not_of(' '), row.cells[i].size());
            const auto cell = row.cells[i].substr(0, begin) + painted(row.cells[i].substr(begin), row.moods[i], style);
            line += (i > 0 ? "  " : "") + (columns_[i] == Align::left ? cell + filling : filling + cell);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

std::string text_table(const Table& table, Heading heading, Style style) {
    std::vector<Align> columns;
    for (const auto& column : table.columns) {
        columns.push_back(column.align);
    }
    TextTable lines(columns);
    if (heading == Heading::shown || heading == Heading::outdented) {
        lines.add_row(names_of_columns(table));
    }
    std::size_t count = 0;
    std::uint64_t unseen = 0;
    for (const auto& group : table.groups) {
        unseen += group.unseen;
        for (const auto& line : group.lines) {
            std::vector<std::string> cells;
            std::vector<Mood> moods;
            for (const auto& cell : line.cells) {
                cells.push_back(plain_text(cell));
                moods.push_back(cell.mood);
            }
            cells.front() = (heading == Heading::outdented ? "  " : "") + cells.front();
            lines.add_row(std::move(cells), std::move(moods));
            ++count;
        }
    }
    return count == 0 ? std::string{}
                      : lines.text(heading == Heading::indented ? "  " : "", style) +
                            (unseen > 0 ? fmt::format("  and {} more\n", counted(unseen)) : "");
}

}  // namespace portillon::report
