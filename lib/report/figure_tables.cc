// Tables with a line for each figure of the account and a column for each row of the report: books and costs.

#include <fmt/format.h>

#include <algorithm>

#include "report/cells.h"
#include "report/tables.h"

namespace portillon::report {

namespace {

Table figures_of_rows(const std::vector<Row>& rows, const char* title) {
    Table table{.title = title, .columns = {{"figure"}}};
    for (const auto& row : rows) {
        table.columns.push_back({row.label, Align::right});
    }
    return table;
}

// The line of a figure; `cell` makes its cell for a row.
template <class Figure, class MakeCell>
Line line_of_figure(const std::vector<Row>& rows, const Figure& figure, std::string name, MakeCell cell) {
    auto head = text_cell(std::move(name));
    head.explanation = figure.explanation;
    Line line{.cells = {std::move(head)}};
    for (const auto& row : rows) {
        line.cells.push_back(cell(row));
    }
    return line;
}

// Adds a line for each figure of a table of the account; `cell` makes the cell for a row and a figure.
template <class Figures, class MakeCell>
void add_values(LineGroup& group, const std::vector<Row>& rows, const Figures& figures, MakeCell cell) {
    for (const auto& figure : figures) {
        group.lines.push_back(
            line_of_figure(rows, figure, std::string(figure.name), [&](const Row& row) { return cell(row, figure); }));
    }
}

// Adds a line for each count for which `wanted` holds. A conditional count is left out if no row has it.
template <class Wanted>
void add_counts(LineGroup& group, const std::vector<Row>& rows, Wanted wanted) {
    for (const auto& figure : account::count_figures) {
        const bool known = std::any_of(rows.begin(), rows.end(), [&figure](const Row& row) {
            return (row.whole.counts.*figure.known_count).has_value();
        });
        if (wanted(figure) && (known || !figure.conditional)) {
            group.lines.push_back(line_of_figure(rows, figure, std::string(figure.name),
                                                 [&figure](const Row& row) { return count_cell(row, figure); }));
        }
    }
}

}  // namespace

Table book_table(const std::vector<Row>& rows) {
    using account::Section;
    using account::Unit;
    auto table = figures_of_rows(rows, "Delivery account, in validations");
    LineGroup equipments{.heading = "What the equipments know"};
    add_counts(equipments, rows,
               [](const auto& figure) { return figure.section == Section::tally && figure.unit == Unit::validations; });
    LineGroup server{.heading = "What the server knows, reconciled with that"};
    add_counts(server, rows, [](const auto& figure) {
        return figure.section == Section::ledger || figure.section == Section::delivery;
    });
    LineGroup way{.heading = "On the way: batches and rates"};
    add_counts(way, rows,
               [](const auto& figure) { return figure.section == Section::tally && figure.unit != Unit::validations; });
    add_values(way, rows, account::throughput_figures, throughput_cell);
    table.groups = {std::move(equipments), std::move(server), std::move(way)};
    return table;
}

Table cost_table(const std::vector<Row>& rows) {
    auto table = figures_of_rows(rows, "Costs");
    LineGroup group;
    for (const auto& side : account::sides) {
        for (const auto& figure : account::resource_figures) {
            group.lines.push_back(line_of_figure(rows, figure, fmt::format("{}.{}", side.name, figure.name),
                                                 [&](const Row& row) { return resource_cell(row, side, figure); }));
        }
    }
    add_values(group, rows, account::wire_figures, wire_cell);
    add_counts(group, rows, [](const auto& figure) { return figure.section == account::Section::fleet; });
    add_values(group, rows, account::fleet_figures, fleet_cell);
    table.groups = {std::move(group)};
    return table;
}

Table side_table(const Row& row) {
    Table table{.title = "Costs", .columns = {{"costs"}}, .groups = {{}}};
    for (const auto& figure : account::resource_figures) {
        table.columns.push_back({std::string(figure.label), Align::right});
    }
    for (const auto& side : account::sides) {
        if (!(row.whole.resources.*side.member)) {
            continue;
        }
        Line line{.cells = {text_cell(std::string(side.name))}};
        for (const auto& figure : account::resource_figures) {
            line.cells.push_back(resource_cell(row, side, figure));
        }
        table.groups.front().lines.push_back(std::move(line));
    }
    return table;
}

}  // namespace portillon::report
