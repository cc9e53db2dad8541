#pragma once

// Rows of cells for a terminal, in columns that line up.

#include <cstdint>
#include <string>
#include <vector>

#include "report/table.h"

namespace portillon::report {

enum class Style : std::uint8_t { plain, coloured };

// In the colour of its mood: green, yellow or red.
std::string painted(const std::string& text, Mood mood, Style style);

class TextTable {
public:
    explicit TextTable(std::vector<Align> columns) : columns_(std::move(columns)) {}

    // As many cells as columns. Each is escaped for a terminal, and cut where it is very long. `moods`: those of the
    // cells; none where all are plain.
    void add_row(std::vector<std::string> cells, std::vector<Mood> moods = {});

    // Every line begins with `margin`; two spaces between columns, none at the end of a line. Cells are measured in
    // characters of UTF-8.
    std::string text(const std::string& margin = "  ", Style style = Style::plain) const;

private:
    struct TextRow {
        std::vector<std::string> cells;
        std::vector<Mood> moods;
    };

    std::vector<Align> columns_;
    std::vector<TextRow> rows_;
};

// shown: the columns' names are the first line. outdented: they are, and the lines stand two spaces further in, so that
// the first name is a heading. hidden: lines only. indented: lines only, two spaces in.
enum class Heading : std::uint8_t { shown, outdented, hidden, indented };

// A table of a report; the headings of its groups, remarks and ranges are left out. Empty without lines.
std::string text_table(const Table& table, Heading heading, Style style = Style::plain);

}  // namespace portillon::report
