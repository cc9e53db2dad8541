#include "report/side_by_side.h"

#include <algorithm>
#include <sstream>

#include "escape/formats.h"

namespace portillon::report {

namespace {

constexpr const char* range_line = "  min-max";
constexpr std::size_t gap = 2;           // between columns
constexpr std::size_t most_width = 200;  // of a cell; a longer one is cut

std::size_t letters_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

// A column as lines of text: its heading, wrapped, then a cell for each line of the table.
struct TextColumn {
    std::vector<std::string> heading;
    std::vector<std::string> cells;
    std::vector<Mood> moods;
    Align align = Align::left;
    std::size_t width = 0;
};

// The words of a heading in lines no longer than `width` or, if that is longer, its longest word.
std::vector<std::string> wrapped(const std::string& heading, std::size_t width) {
    std::vector<std::string> lines;
    std::istringstream words(heading);
    for (std::string word; words >> word;) {
        if (!lines.empty() && letters_of(lines.back()) + 1 + letters_of(word) <= width) {
            lines.back() += " " + word;
        } else {
            lines.push_back(word);
        }
    }
    return lines;
}

std::size_t longest_of(const std::vector<std::string>& texts) {
    std::size_t longest = 0;
    for (const auto& text : texts) {
        longest = std::max(longest, letters_of(text));
    }
    return longest;
}

// Which lines of the tables need a second line of text, for the ranges of repeats.
std::vector<bool> lines_with_ranges(const std::vector<Table>& tables) {
    std::vector<bool> ranged(tables.front().groups.front().lines.size());
    for (const auto& table : tables) {
        const auto& lines = table.groups.front().lines;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            ranged[i] = ranged[i] || std::any_of(lines[i].cells.begin(), lines[i].cells.end(),
                                                 [](const Cell& cell) { return !telling_range(cell).empty(); });
        }
    }
    return ranged;
}

TextColumn column_at(const Table& table, std::size_t place, const std::vector<bool>& ranged) {
    TextColumn column{.heading = {}, .cells = {}, .moods = {}, .align = table.columns[place].align};
    const auto& lines = table.groups.front().lines;
    const auto add = [&column](const std::string& text, Mood mood) {
        column.cells.push_back(escape::terminal(text, most_width));
        column.moods.push_back(mood);
    };
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto& cell = lines[i].cells[place];
        add(plain_text(cell), cell.mood);
        if (ranged[i]) {
            add(place == 0 ? range_line : telling_range(cell), Mood::plain);
        }
    }
    const auto widest = longest_of(column.cells);
    const auto name = escape::terminal(table.columns[place].name, most_width);
    column.width = std::max(widest, longest_of(wrapped(name, 0)));
    column.heading = wrapped(name, column.width);
    return column;
}

// Consecutive columns of one table below its title.
struct Block {
    std::string title;
    std::vector<TextColumn> columns;

    std::size_t width() const {
        std::size_t sum = 0;
        for (const auto& column : columns) {
            sum += gap + column.width;
        }
        return std::max(sum, gap + letters_of(title));
    }
};

// A title that is wider than its columns widens the first of them.
void make_room_for_title(Block& block) {
    std::size_t sum = 0;
    for (const auto& column : block.columns) {
        sum += gap + column.width;
    }
    block.columns.front().width += block.width() - sum;
}

// Cuts a block that is wider than `room` into several.
std::vector<Block> cut_to(Block block, std::size_t room) {
    std::vector<Block> pieces;
    for (auto& column : block.columns) {
        const bool fits = !pieces.empty() && pieces.back().width() + gap + column.width <= room;
        if (!fits) {
            pieces.push_back({block.title, {}});
        }
        pieces.back().columns.push_back(std::move(column));
    }
    return pieces;
}

std::string padded(const std::string& text, std::size_t width, Align align) {
    const std::string space(width - std::min(width, letters_of(text)), ' ');
    return align == Align::left ? text + space : space + text;
}

std::string without_trailing_space(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

std::string title_line(const TextColumn& names, const std::vector<Block>& blocks) {
    std::string line(names.width, ' ');
    for (const auto& block : blocks) {
        // A title stands above the first letter of its columns' headings.
        const auto& first = block.columns.front();
        const auto indent =
            first.align == Align::left || letters_of(block.title) + gap > block.width()
                ? 0
                : std::min(first.width - longest_of(first.heading), block.width() - gap - letters_of(block.title));
        line += std::string(gap + indent, ' ') + padded(block.title, block.width() - gap - indent, Align::left);
    }
    return without_trailing_space(std::move(line));
}

// One line of text: `text_of` gives a column's.
template <class TextOf>
std::string line_across(const TextColumn& names, const std::vector<Block>& blocks, TextOf text_of) {
    auto line = text_of(names);
    for (const auto& block : blocks) {
        for (const auto& column : block.columns) {
            line += std::string(gap, ' ') + text_of(column);
        }
    }
    return without_trailing_space(std::move(line));
}

// Returns whether the line is one for ranges, and these blocks have none.
bool is_blank(const TextColumn& names, const std::vector<Block>& blocks, std::size_t line) {
    return names.cells[line] == range_line && std::all_of(blocks.begin(), blocks.end(), [line](const Block& block) {
               return std::all_of(block.columns.begin(), block.columns.end(),
                                  [line](const TextColumn& column) { return column.cells[line].empty(); });
           });
}

std::string text_of_blocks(const TextColumn& names, const std::vector<Block>& blocks, Style style) {
    std::size_t height = names.heading.size();
    for (const auto& block : blocks) {
        for (const auto& column : block.columns) {
            height = std::max(height, column.heading.size());
        }
    }
    auto text = title_line(names, blocks);
    for (std::size_t i = 0; i < height; ++i) {
        text += line_across(names, blocks, [&](const TextColumn& column) {
            const auto empty = height - column.heading.size();
            return padded(i < empty ? "" : column.heading[i - empty], column.width, column.align);
        });
    }
    for (std::size_t i = 0; i < names.cells.size(); ++i) {
        text += is_blank(names, blocks, i) ? "" : line_across(names, blocks, [&](const TextColumn& column) {
            const auto cell = padded(column.cells[i], column.width, column.align);
            const auto begin = std::min(cell.find_first_not_of(' '), cell.size());
            const auto end = cell.find_last_not_of(' ') + 1;
            return begin >= end
                       ? cell
                       : cell.substr(0, begin) + painted(cell.substr(begin, end - begin), column.moods[i], style) +
                             cell.substr(end);
        });
    }
    return text;
}

}  // namespace

std::string side_by_side(const std::vector<Table>& tables, std::size_t columns, Style style) {
    if (tables.empty() || tables.front().is_empty()) {
        return {};
    }
    const auto ranged = lines_with_ranges(tables);
    const auto names = column_at(tables.front(), 0, ranged);
    const std::size_t room = columns > names.width ? columns - names.width : 0;
    std::vector<std::vector<Block>> shelves;
    std::size_t used = 0;
    for (const auto& table : tables) {
        Block whole{table.title, {}};
        for (std::size_t i = 1; i < table.columns.size(); ++i) {
            whole.columns.push_back(column_at(table, i, ranged));
        }
        for (auto& block : cut_to(std::move(whole), room)) {
            make_room_for_title(block);
            if (shelves.empty() || used + block.width() > room) {
                shelves.emplace_back();
                used = 0;
            }
            used += block.width();
            shelves.back().push_back(std::move(block));
        }
    }
    std::string text;
    for (const auto& shelf : shelves) {
        text += (text.empty() ? "" : "\n") + text_of_blocks(names, shelf, style);
    }
    return text;
}

}  // namespace portillon::report
