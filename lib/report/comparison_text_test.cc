#include "report/comparison_text.h"

#include <gmock/gmock.h>

#include <sstream>

#include "report/gold.h"
#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ComparisonText, PutsOneRowForEachEntrant) {
    expect_gold("comparison.txt", comparison_text(sample_comparison()));
}

TEST(ComparisonText, FitsIntoEveryTerminal) {
    for (const std::size_t columns : {80U, 100U, 130U, 200U}) {
        std::istringstream lines(comparison_text(sample_comparison(), {}, columns));
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(line.size(), columns) << line;
        }
    }
    expect_gold("comparison_80.txt", comparison_text(sample_comparison(), {}, 80));
    expect_gold("comparison_200.txt", comparison_text(sample_comparison(), {}, 200));
}

TEST(ComparisonText, IsAMarkdownTableToo) {
    expect_gold("comparison_tables.md", comparison_tables_markdown(sample_comparison()));
}

TEST(ComparisonText, NeedsNoFootnotesForPlainRuns) {
    Comparison comparison;
    comparison.runs = {{1, 1, healthy_run()}};
    comparison.runs[0].run.resources.note.clear();
    const auto table = comparison_text(comparison);
    for (const char* note : {"repeats:", "end to end", "loopback", "fails", "valid:"}) {
        EXPECT_THAT(table, Not(HasSubstr(note)));
    }
}

TEST(ComparisonText, TellsTargetsApartOnlyWhenTheyDiffer) {
    Comparison comparison;
    comparison.runs = {{1, 1, healthy_run()}, {1, 2, healthy_run()}};
    comparison.runs[0].run.target = "mqtt://127.0.0.1:1883";
    EXPECT_THAT(comparison_text(comparison), HasSubstr("mqtt at mqtt://127.0.0.1:1883"));
    EXPECT_THAT(comparison_text(comparison), HasSubstr("mqtt at embedded"));
    comparison.runs[0].run.target = "embedded";
    EXPECT_THAT(comparison_text(comparison), Not(HasSubstr(" at ")));
}

TEST(ComparisonText, ShowsMediansOfTheRepeatsAndTheirRange) {
    Comparison comparison;
    comparison.repeats = 5;
    const Nanos times[] = {700us, 105ms, 800us, 850us, 600us};
    for (unsigned repeat = 1; repeat <= 5; ++repeat) {
        auto run = healthy_run();
        stats::Histogram histogram;
        histogram.record(times[repeat - 1], 99);
        run.latency.response = Latency{histogram, 0};
        run.resources.server->cpu_us_per_validation = repeat;
        comparison.runs.push_back({repeat, 1, run});
    }
    auto table = comparison_text(comparison);
    EXPECT_THAT(table, ContainsRegex("mqtt +[0-9,/s]+ +800 us +800 us +800 us"));
    EXPECT_THAT(table, ContainsRegex("  min-max +600 us-105 ms  600 us-105 ms"));
    EXPECT_THAT(table, HasSubstr("1.00-5.00 us"));
    EXPECT_THAT(table, HasSubstr("5 of 5 valid"));
    // A run that is invalid does not count; a run that lost something is not hidden.
    comparison.runs[1].run.verdict = {.measurement = Measurement::invalid, .reasons = {"the generator was late"}};
    comparison.runs[3].run.counts.lost = 3;
    table = comparison_text(comparison);
    EXPECT_THAT(table, ContainsRegex("  min-max +600-850 us"));
    EXPECT_THAT(table, HasSubstr("4 of 5 valid"));
    EXPECT_THAT(table, HasSubstr("1 of 5 repeats invalid, not counted: the generator was late"));
    EXPECT_THAT(table, HasSubstr("fails lost: count==0 (observed 3 in repeat 4)"));
    // When the repeat was run again, the row is complete.
    comparison.runs[1].superseded = true;
    comparison.runs.push_back({2, 2, healthy_run()});
    table = comparison_text(comparison);
    EXPECT_THAT(table, HasSubstr("5 of 5 valid"));
    EXPECT_THAT(table, HasSubstr("mqtt: 1 run measured badly and run again: the generator was late."));
    for (auto& turn : comparison.runs) {
        turn.run.verdict = {.measurement = Measurement::invalid, .reasons = {"the generator was late"}};
    }
    EXPECT_THAT(comparison_text(comparison), HasSubstr("invalid, 0 of 5 valid"));
}

TEST(ComparisonText, RanksTheNeverAnsweredAboveEverything) {
    Comparison comparison;
    comparison.runs = {{1, 1, healthy_run()}, {2, 1, healthy_run()}, {3, 1, healthy_run()}};
    for (auto& turn : comparison.runs) {
        stats::Histogram histogram;
        histogram.record(1ms, 99);
        turn.run.latency.response = Latency{histogram, 0};
    }
    comparison.runs[1].run.latency.response->unanswered = 99;
    EXPECT_THAT(comparison_text(comparison), HasSubstr("1.00 ms-never"));
    EXPECT_THAT(comparison_text(comparison), HasSubstr("1.00 ms"));
    comparison.runs[2].run.latency.response->unanswered = 99;
    EXPECT_THAT(comparison_text(comparison), HasSubstr("  never "));
}

}  // namespace
}  // namespace portillon::report
