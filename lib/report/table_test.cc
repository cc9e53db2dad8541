#include "report/table.h"

#include <gmock/gmock.h>

#include "report/cells.h"
#include "report/markdown_table.h"
#include "report/samples.h"
#include "report/tables.h"
#include "report/text_table.h"

namespace portillon::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> names_of(const Table& table) {
    std::vector<std::string> names;
    for (const auto& column : table.columns) {
        names.push_back(column.name);
    }
    return names;
}

const Cell* cell_at(const Table& table, const std::string& figure) {
    for (const auto& group : table.groups) {
        for (const auto& line : group.lines) {
            for (const auto& cell : line.cells) {
                if (cell.figure == figure) {
                    return &cell;
                }
            }
        }
    }
    return nullptr;
}

// A table of two groups whose cells have every member set at least once.
Table sample_table() {
    Table table{.title = "Sample",
                .columns = {{"figure"}, {"one", Align::right}, {"other", Align::right}},
                .named_groups = true};
    Cell known{.text = "6.31 ms", .figure = "a.b", .value = "6.31", .range = "6.00-7.00 ms"};
    Cell beyond{.value = "null", .why = "it falls among the 3 never answered", .beyond = "never"};
    Cell failed{.text = "FAIL <b>|", .mood = Mood::bad, .remarks = {{"not measured"}}};
    Cell absent{.figure = "a.c", .value = "null", .why = "not measured"};
    table.groups.push_back({.heading = "mqtt", .name = "mqtt", .lines = {{.cells = {{.text = "P95"}, known, beyond}}}});
    table.groups.push_back({.heading = "http2",
                            .name = "http2",
                            .lines = {{.cells = {{.text = "P99"}, failed, absent}}},
                            .unseen = 1'233});
    return table;
}

TEST(Table, GivesSomeOfItsColumnsInAnyOrder) {
    const auto some = selected(sample_table(), {"other", "figure"});
    EXPECT_THAT(names_of(some), ElementsAre("other", "figure"));
    EXPECT_EQ(some.groups[0].lines[0].cells[1].text, "P95");
    EXPECT_THAT(names_of(without(sample_table(), {"one"})), ElementsAre("figure", "other"));
}

TEST(Table, CountsTheLinesThatItLeavesOut) {
    auto table = sample_table();
    table.groups[1].lines.resize(5, table.groups[1].lines.front());
    const auto some = shortened(table, 2);
    EXPECT_EQ(some.groups[0].unseen, 0U);
    EXPECT_EQ(some.groups[1].lines.size(), 2U);
    EXPECT_EQ(some.groups[1].unseen, 1'236U);
}

TEST(Table, NamesTheGroupOfEveryLine) {
    const auto named = with_names(sample_table());
    EXPECT_THAT(names_of(named), ElementsAre("of", "figure", "one", "other"));
    ASSERT_EQ(named.groups.size(), 1U);
    EXPECT_EQ(named.groups[0].lines[1].cells[0].text, "http2");
    EXPECT_EQ(named.groups[0].unseen, 1'233U);
}

TEST(Table, IsEmptyWithoutLinesAndHeadings) {
    EXPECT_TRUE(Table{}.is_empty());
    EXPECT_FALSE(sample_table().is_empty());
    EXPECT_EQ(markdown_table(Table{}), "");
    EXPECT_EQ(text_table(Table{}, Heading::shown), "");
}

TEST(Table, IsATableOfMarkdown) {
    EXPECT_EQ(markdown_table(sample_table()),
              "| of | figure | one | other |\n"
              "| --- | --- | ---: | ---: |\n"
              "| mqtt | P95 | 6.31 ms (6.00-7.00 ms) | never |\n"
              "| http2 | P99 | **FAIL &lt;b&gt;\\|** (not measured) | - |\n"
              "\n…and 1,233 more.\n");
    EXPECT_THAT(markdown_table(sample_table(), 1), HasSubstr("…and 1,234 more."));
}

TEST(Table, IsLinesOfATerminal) {
    EXPECT_EQ(text_table(sample_table(), Heading::outdented),
              "figure        one  other\n"
              "  P95     6.31 ms  never\n"
              "  P99   FAIL <b>|      -\n"
              "  and 1,233 more\n");
    EXPECT_THAT(text_table(sample_table(), Heading::indented), Not(HasSubstr("figure")));
    EXPECT_THAT(text_table(sample_table(), Heading::shown, Style::coloured), HasSubstr("\033[1;31mFAIL <b>|\033[0m"));
}

TEST(Table, LeavesARangeOutThatSaysNoMore) {
    EXPECT_EQ(telling_range({.text = "1 s", .range = "1 s"}), "");
    EXPECT_EQ(telling_range({.beyond = "never", .range = "never"}), "");
    EXPECT_EQ(telling_range({.text = "1 s", .range = "1-2 s"}), "1-2 s");
}

// ------------------------------------------------------------------------------------------ the tables of a report

TEST(Tables, TellEveryCountAndValueOfTheAccount) {
    const Report report = troubled_run();
    const auto rows = rows_of(report);
    const auto books = book_table(rows);
    const auto costs = cost_table(rows);
    for (const auto& figure : account::count_figures) {
        const auto path = std::string(account::name_of(figure.section)) + "." + std::string(figure.name);
        const auto* cell = cell_at(figure.section == account::Section::fleet ? costs : books, path);
        const auto& count = rows.front().whole.counts.*figure.known_count;
        EXPECT_EQ(cell != nullptr, count || !figure.conditional) << path;
        EXPECT_TRUE(cell == nullptr || cell->value == (count ? std::to_string(*count) : "null")) << path;
    }
    for (const auto& figure : account::throughput_figures) {
        EXPECT_NE(cell_at(books, "throughput." + std::string(figure.name)), nullptr) << figure.name;
    }
    for (const auto& figure : account::wire_figures) {
        EXPECT_NE(cell_at(costs, "wire." + std::string(figure.name)), nullptr) << figure.name;
    }
    for (const auto& side : account::sides) {
        for (const auto& figure : account::resource_figures) {
            const auto path = "resources." + std::string(side.name) + "." + std::string(figure.name);
            EXPECT_NE(cell_at(costs, path), nullptr) << path;
            EXPECT_NE(cell_at(side_table(rows.front()), path), nullptr) << path;
        }
    }
}

TEST(Tables, TellEveryLatencyWithAllItsFigures) {
    const Report report = healthy_run();
    const auto table = latency_table(rows_of(report));
    for (const auto& kind : account::latency_figures) {
        for (const auto& percentile : account::percentiles) {
            const auto path = "latency." + std::string(kind.name) + "." + std::string(percentile.key);
            EXPECT_NE(cell_at(table, path), nullptr) << path;
        }
    }
}

TEST(Tables, PutThresholdsThatFailedFirst) {
    const Report report = staged_run();
    const auto table = threshold_table(rows_of(report));
    const auto& lines = table.groups.front().lines;
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].cells[2].text, "FAIL");
    EXPECT_EQ(lines[0].cells[3].figure, "thresholds.1.observed");
    EXPECT_EQ(lines[1].cells[2].text, "pass");
}

TEST(Tables, TellWhatEveryRepeatObserved) {
    const auto comparison = sample_comparison();
    const auto table = threshold_table(rows_of(comparison));
    const auto& failed = table.groups.front().lines.front();
    EXPECT_EQ(failed.cells[1].text, "mqtt QoS 0");
    ASSERT_EQ(failed.cells[3].each.size(), 2U);
    EXPECT_EQ(failed.cells[3].each[1].remarks.front().text, "repeat 2: nothing is acknowledged here");
    const auto& passed = table.groups.front().lines.back();
    EXPECT_EQ(passed.cells[1].text, "http2");
    ASSERT_EQ(passed.cells[3].each.size(), 2U);
    EXPECT_EQ(passed.cells[3].each[1].remarks.front().text, "repeat 2");
}

TEST(Tables, AddUpTheStagesOfTheRepeats) {
    Comparison comparison;
    comparison.runs = {{1, 1, staged_run()}, {2, 1, staged_run()}};
    const auto table = stage_table(rows_of(comparison));
    ASSERT_EQ(table.groups.size(), 1U);
    const auto& peak = table.groups.front().lines[2];
    EXPECT_EQ(peak.cells[0].text, "peak");
    EXPECT_EQ(peak.cells[3].text, "30,000");
    EXPECT_EQ(peak.cells[10].text, "56.6 ms") << "the median of two that are the same";
    EXPECT_EQ(peak.cells.back().text, "200");
}

// Two stages of one run may share a name.
TEST(Tables, KeepStagesOfTheSameNameApart) {
    auto run = staged_run();
    run.phases[2].name = run.phases[1].name;
    Comparison comparison;
    comparison.runs = {{1, 1, run}, {2, 1, run}};
    const auto table = stage_table(rows_of(comparison));
    ASSERT_EQ(table.groups.front().lines.size(), 3U);
    EXPECT_EQ(table.groups.front().lines[1].cells[3].text, "10,000");
    EXPECT_EQ(table.groups.front().lines[2].cells[3].text, "30,000");
}

TEST(Tables, TellWhatWasDueAroundEachFault) {
    const Report report = faulty_run();
    const auto table = fault_table(rows_of(report));
    ASSERT_EQ(table.groups.size(), 2U);
    EXPECT_EQ(table.groups[0].name, "1 cut");
    EXPECT_THAT(table.groups[0].heading, HasSubstr("1 cut, at 2 s to 3 s"));
    EXPECT_EQ(table.groups[0].lines.front().cells.front().text, "before");
}

TEST(Tables, NameTheTargetsThatDiffer) {
    auto comparison = sample_comparison();
    const auto targets = [&comparison] {
        std::vector<std::string> found;
        const auto table = context_table(rows_of(comparison), {});
        for (const auto& line : table.groups.front().lines) {
            if (line.cells[0].text == "target") {
                found.push_back(line.cells[1].text);
            }
        }
        return found;
    };
    EXPECT_THAT(targets(), ElementsAre("embedded"));
    for (auto& turn : comparison.runs) {
        turn.run.target = turn.run.protocol == "http2" ? "http://127.0.0.1:8080" : "embedded";
    }
    EXPECT_THAT(targets(), ElementsAre("mqtt: embedded", "mqtt QoS 0: embedded", "http2: http://127.0.0.1:8080"));
}

}  // namespace
}  // namespace portillon::report
