#pragma once

// Formats rows of cells for a terminal, in aligned columns.

#include <cstdint>
#include <string>
#include <vector>

#include "report/table.h"

namespace portillon::report {

enum class Style : std::uint8_t { plain, coloured };

// The text in the colour of its mood: green, yellow or red.
std::string painted(const std::string& text, Mood mood, Style style);

class TextTable {
public:
    explicit TextTable(std::vector<Align> columns) : columns_(std::move(columns)) {}

    // Adds a row of as many cells as there are columns. Each cell is escaped for a terminal, and cut if it is very
    // long. `moods`: one for each cell, or none if all are plain.
    void add_row(std::vector<std::string> cells, std::vector<Mood> moods = {});

    // The rows as text. Every line begins with `margin`; columns are two spaces apart, and no line ends with a space.
    // The width of a cell is its number of UTF-8 characters.
    std::string text(const std::string& margin = "  ", Style style = Style::plain) const;

private:
    struct TextRow {
        std::vector<std::string> cells;
        std::vector<Mood> moods;
    };

    std::vector<Align> columns_;
    std::vector<TextRow> rows_;
};

// shown: the first line has the columns' names. outdented: the same, and the lines below it are indented by two spaces,
// so that the first name looks like a heading. hidden: only lines. indented: only lines, indented by two spaces.
enum class Heading : std::uint8_t { shown, outdented, hidden, indented };

// A table of a report as text, without the headings of its groups, remarks and ranges. Empty if it has no lines.
std::string text_table(const Table& table, Heading heading, Style style = Style::plain);

}  // namespace portillon::report
