#pragma once

// Rows of cells, in columns that line up.

#include <cstdint>
#include <string>
#include <vector>

namespace portillon::report {

enum class Align : std::uint8_t { left, right };

class TextTable {
public:
    explicit TextTable(std::vector<Align> columns) : columns_(std::move(columns)) {}

    // As many cells as columns. Each is escaped for a terminal, and cut where it is very long.
    void add_row(std::vector<std::string> cells);

    // Every line begins with `margin`; two spaces between columns, none at the end of a line. Cells are measured in
    // characters of UTF-8.
    std::string text(const std::string& margin = "  ") const;

private:
    std::vector<Align> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace portillon::report
