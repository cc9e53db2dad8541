#include "report/side_by_side.h"

#include <gtest/gtest.h>

#include <sstream>

namespace portillon::report {
namespace {

Table table_of(const char* title, std::vector<Column> columns, const char* cell) {
    Table table{.title = title, .columns = std::move(columns), .groups = {{}}};
    table.columns.insert(table.columns.begin(), {"protocol"});
    for (const char* name : {"mqtt", "http2"}) {
        Line line{.cells = {{.text = name}}};
        for (std::size_t i = 1; i < table.columns.size(); ++i) {
            line.cells.push_back({.text = cell});
        }
        table.groups.front().lines.push_back(std::move(line));
    }
    return table;
}

std::vector<Table> two_tables() {
    return {table_of("What users get", {{"per second", Align::right}, {"P50", Align::right}}, "1,000"),
            table_of("Costs", {{"memory per connection", Align::right}}, "1.98 MB")};
}

std::size_t longest_line(const std::string& text) {
    std::istringstream lines(text);
    std::size_t longest = 0;
    for (std::string line; std::getline(lines, line);) {
        longest = std::max(longest, line.size());
    }
    return longest;
}

TEST(SideBySide, SetsTablesBesideEachOtherIfThereIsRoom) {
    EXPECT_EQ(side_by_side(two_tables(), 80),
              "          What users get  Costs\n"
              "              per         memory per\n"
              "protocol   second    P50  connection\n"
              "mqtt        1,000  1,000     1.98 MB\n"
              "http2       1,000  1,000     1.98 MB\n");
}

TEST(SideBySide, NeverExceedsTheWidthAndCutsNoColumn) {
    for (std::size_t columns = 24; columns < 90; ++columns) {
        const auto text = side_by_side(two_tables(), columns);
        EXPECT_LE(longest_line(text), columns) << text;
        for (const char* word :
             {"What users get", "second", "P50", "Costs", "memory", "connection", "1.98 MB", "http2"}) {
            EXPECT_NE(text.find(word), std::string::npos) << columns << '\n' << text;
        }
    }
}

TEST(SideBySide, PutsTheRangeOfRepeatsIntoALineBelow) {
    auto tables = two_tables();
    tables[1].groups.front().lines[1].cells[1].range = "1.90-2.06 MB";
    const auto text = side_by_side(tables, 80);
    EXPECT_NE(text.find("\n  min-max"), std::string::npos) << text;
    EXPECT_NE(text.find("1.90-2.06 MB"), std::string::npos) << text;
}

TEST(SideBySide, IsEmptyWithoutTables) {
    EXPECT_EQ(side_by_side({}, 80), "");
    EXPECT_EQ(side_by_side({Table{.title = "Nothing", .columns = {{"protocol"}}, .groups = {{}}}}, 80), "");
}

}  // namespace
}  // namespace portillon::report
