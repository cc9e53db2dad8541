#include "report/table.h"

#include <algorithm>

#include "base/check.h"

namespace portillon::report {

namespace {

Table with_columns_at(const Table& table, const std::vector<std::size_t>& places) {
    auto some = table;
    some.columns.clear();
    for (const auto place : places) {
        some.columns.push_back(table.columns[place]);
    }
    for (auto& group : some.groups) {
        for (auto& line : group.lines) {
            std::vector<Cell> cells;
            for (const auto place : places) {
                cells.push_back(line.cells[place]);
            }
            line.cells = std::move(cells);
        }
    }
    return some;
}

std::size_t place_of_column(const Table& table, std::string_view name) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [name](const Column& column) { return column.name == name; });
    check(found != table.columns.end(), "a column that the table does not have");
    return static_cast<std::size_t>(found - table.columns.begin());
}

}  // namespace

bool Table::is_empty() const {
    return std::all_of(groups.begin(), groups.end(),
                       [](const LineGroup& group) { return group.lines.empty() && group.heading.empty(); });
}

std::string plain_text(const Cell& cell) {
    const bool known = !cell.text.empty() || !cell.beyond.empty();
    return known ? (cell.text.empty() ? cell.beyond : cell.text) + cell.mark : cell.why.empty() ? "" : "-";
}

std::string telling_range(const Cell& cell) {
    return cell.range == (cell.text.empty() ? cell.beyond : cell.text) ? "" : cell.range;
}

Table selected(const Table& table, std::initializer_list<std::string_view> columns) {
    std::vector<std::size_t> places;
    for (const auto name : columns) {
        places.push_back(place_of_column(table, name));
    }
    return with_columns_at(table, places);
}

Table joined(std::string title, const std::vector<Table>& tables) {
    Table all = tables.front();
    all.title = std::move(title);
    all.columns.resize(1);
    for (auto& line : all.groups.front().lines) {
        line.cells.resize(1);
    }
    for (const auto& table : tables) {
        for (std::size_t i = 1; i < table.columns.size(); ++i) {
            all.columns.push_back(table.columns[i]);
            auto& group = all.columns.back().group;
            group = group.empty() ? table.title : group;
            for (std::size_t line = 0; line < all.groups.front().lines.size(); ++line) {
                all.groups.front().lines[line].cells.push_back(table.groups.front().lines[line].cells[i]);
            }
        }
    }
    return all;
}

Table without(const Table& table, std::initializer_list<std::string_view> columns) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (std::find(columns.begin(), columns.end(), table.columns[i].name) == columns.end()) {
            places.push_back(i);
        }
    }
    return with_columns_at(table, places);
}

Table shortened(Table table, std::size_t most) {
    for (auto& group : table.groups) {
        if (group.lines.size() > most) {
            group.unseen += group.lines.size() - most;
            group.lines.resize(most);
        }
    }
    return table;
}

Table without_ranges(Table table) {
    for (auto& group : table.groups) {
        for (auto& line : group.lines) {
            for (auto& cell : line.cells) {
                cell.range.clear();
            }
        }
    }
    return table;
}

Table with_names(const Table& table) {
    Table named{.title = table.title, .columns = table.columns, .groups = {{}}};
    named.columns.insert(named.columns.begin(), {"of"});
    auto& all = named.groups.front();
    for (const auto& group : table.groups) {
        for (auto line : group.lines) {
            line.cells.insert(line.cells.begin(), Cell{.text = group.name});
            all.lines.push_back(std::move(line));
        }
        all.unseen += group.unseen;
    }
    return named;
}

}  // namespace portillon::report
