#include "report/page/html_table.h"

#include <gmock/gmock.h>

namespace portillon::report::page {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A table of one line as HTML: a name, and `cell`.
std::string html_of(const Cell& cell, Align align = Align::right) {
    const Table table{.title = "Sample",
                      .columns = {{"figure"}, {"mqtt", align}},
                      .groups = {{.lines = {{.cells = {{.text = "P95"}, cell}}}}}};
    return html_table(table).markup();
}

TEST(HtmlTable, ShowsAFigureForPeopleAndExactly) {
    EXPECT_THAT(html_of({.text = "6.31 ms", .figure = "a.b", .value = "6.307", .runs = {0, 2}}),
                HasSubstr("<td class=\"n\" data-runs=\"0,2\" data-figure=\"a.b\" data-value=\"6.307\">6.31 ms</td>"));
}

TEST(HtmlTable, SaysWhyAFigureIsAbsent) {
    EXPECT_THAT(html_of({.figure = "a.b", .value = "null", .why = "not measured", .beyond = "never"}),
                HasSubstr("<td class=\"n absent\" data-figure=\"a.b\" data-value=\"null\" title=\"not measured\">"
                          "\xe2\x80\x94</td>"));
}

TEST(HtmlTable, PutsTheRangeAndRemarksBelowTheText) {
    const Cell cell{.text = "2 s", .range = "1-3 s", .remarks = {{"incomplete", Mood::bad}}};
    EXPECT_THAT(
        html_of(cell),
        HasSubstr(">2 s<small>1-3 s</small><small><span class=\"mark invalid\">incomplete</span></small></td>"));
}

TEST(HtmlTable, TellsEveryRepeatInTheCell) {
    const Cell own{.text = "3 s",
                   .figure = "thresholds.0.observed",
                   .value = "3",
                   .mood = Mood::bad,
                   .remarks = {{"repeat 1"}},
                   .facts = {{"passed", "false"}},
                   .runs = {4}};
    EXPECT_THAT(html_of({.text = "2 s", .each = {own}}),
                HasSubstr("<span data-runs=\"4\" data-figure=\"thresholds.0.observed\" data-value=\"3\" "
                          "data-passed=\"false\">3 s</span> <span class=\"quiet\">repeat 1</span>"));
}

TEST(HtmlTable, LetsNoTextBecomeMarkup) {
    const std::string hostile = "<b>\"&";
    const Table table{.title = hostile,
                      .columns = {{hostile}, {hostile, Align::right, hostile}},
                      .groups = {{.heading = hostile,
                                  .lines = {{.cells = {{.text = hostile, .explanation = hostile},
                                                       {.text = hostile,
                                                        .figure = hostile,
                                                        .value = hostile,
                                                        .why = hostile,
                                                        .range = hostile + "-",
                                                        .remarks = {{hostile}}}},
                                             .facts = {{"key", hostile}}}}}}};
    const auto html = html_table(table, "css").markup();
    EXPECT_THAT(html, Not(HasSubstr("<b>")));
    EXPECT_THAT(html, HasSubstr("data-key=\"&lt;b&gt;&quot;&amp;\""));
}

TEST(HtmlTable, NamesGroupsOfColumnsAboveThem) {
    const Table table{.title = "Sample",
                      .columns = {{"of"}, {"P50", Align::right, "latency"}, {"P95", Align::right, "latency"}},
                      .groups = {{.heading = "mqtt", .runs = {3}, .unseen = 1'200}}};
    const auto html = html_table(table).markup();
    EXPECT_THAT(html, HasSubstr("<th scope=\"col\" rowspan=\"2\">of</th>"));
    EXPECT_THAT(html, HasSubstr("<th scope=\"colgroup\" class=\"group\" colspan=\"2\">latency</th>"));
    EXPECT_THAT(html, HasSubstr("<tbody data-runs=\"3\"><tr class=\"span\">"
                                "<th scope=\"rowgroup\" colspan=\"3\">mqtt</th></tr>"));
    EXPECT_THAT(html, HasSubstr("and 1,200 more"));
}

TEST(HtmlTable, IsNothingWithoutLinesAndHeadings) {
    EXPECT_TRUE(html_table({}).empty());
}

}  // namespace
}  // namespace portillon::report::page
