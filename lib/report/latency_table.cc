#include "report/cells.h"
#include "report/tables.h"

namespace portillon::report {

Table latency_table(const std::vector<Row>& rows) {
    Table table{.title = "Latencies", .columns = {{"latency"}}, .named_groups = true};
    for (const auto& column : latency_columns()) {
        table.columns.push_back({column.label, Align::right});
    }
    for (const auto& row : rows) {
        LineGroup group{.heading = rows.size() > 1 ? row.label : "", .name = row.label, .runs = places_of(row)};
        for (const auto& kind : account::latency_figures) {
            auto name = text_cell(std::string(kind.label));
            name.why = kind.explanation;
            Line line{.cells = {std::move(name)}};
            for (const auto& column : latency_columns()) {
                line.cells.push_back(latency_cell(latencies_of(row), kind, column.key));
            }
            group.lines.push_back(std::move(line));
        }
        table.groups.push_back(std::move(group));
    }
    return table;
}

}  // namespace portillon::report
