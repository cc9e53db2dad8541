#include "report/text_table.h"

#include <algorithm>

#include "base/check.h"
#include "escape/formats.h"

namespace portillon::report {

namespace {

constexpr std::size_t most_letters = 200;  // of a cell, whose column makes every line as long

std::size_t width_of(const std::string& cell) {
    return static_cast<std::size_t>(
        std::count_if(cell.begin(), cell.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

}  // namespace

void TextTable::add_row(std::vector<std::string> cells) {
    check(cells.size() == columns_.size(), "a row with more or fewer cells than its table has columns");
    for (auto& cell : cells) {
        cell = escape::terminal(cell, most_letters);
    }
    rows_.push_back(std::move(cells));
}

std::string TextTable::text(const std::string& margin) const {
    std::vector<std::size_t> widths(columns_.size(), 0);
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string text;
    for (const auto& row : rows_) {
        std::string line = margin;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string gap(widths[i] - width_of(row[i]), ' ');
            line += (i > 0 ? "  " : "") + (columns_[i] == Align::left ? row[i] + gap : gap + row[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

}  // namespace portillon::report
