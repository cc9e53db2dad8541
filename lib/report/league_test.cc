#include "report/league.h"

#include <gmock/gmock.h>

#include "report/gold.h"
#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(League, PutsOneRowForEachEntrant) {
    expect_gold("league.txt", league_table(sample_comparison()));
}
TEST(League, IsAMarkdownTableToo) {
    expect_gold("league.md", league_markdown(sample_comparison()));
}

TEST(League, NeedsNoFootnotesForPlainRuns) {
    Comparison comparison;
    comparison.runs = {{1, 1, healthy_run()}};
    comparison.runs[0].run.resources.note.clear();
    const auto table = league_table(comparison);
    for (const char* note : {"repeats", "end to end", "loopback", "fails", "valid:"}) {
        EXPECT_THAT(table, Not(HasSubstr(note)));
    }
}

TEST(League, TellsTargetsApartOnlyWhenTheyDiffer) {
    Comparison comparison;
    comparison.runs = {{1, 1, healthy_run()}, {1, 2, healthy_run()}};
    comparison.runs[0].run.target = "mqtt://127.0.0.1:1883";
    EXPECT_THAT(league_table(comparison), HasSubstr("mqtt at mqtt://127.0.0.1:1883"));
    EXPECT_THAT(league_table(comparison), HasSubstr("mqtt at embedded"));
    comparison.runs[0].run.target = "embedded";
    EXPECT_THAT(league_table(comparison), Not(HasSubstr(" at ")));
}

TEST(League, MergesTheHistogramsOfRepeatsBeforeItAsks) {
    Comparison comparison;
    comparison.runs = {{1, 1, healthy_run()}, {2, 1, healthy_run()}};
    stats::Histogram fast, slow;
    fast.record(1ms, 99);
    slow.record(9ms, 99);
    comparison.runs[0].run.latency.response = Latency{fast, 0};
    comparison.runs[1].run.latency.response = Latency{slow, 0};
    // The median of all is the fast one's; the mean of two medians would be 5 ms.
    EXPECT_THAT(league_table(comparison), HasSubstr("1.00 ms  9.0"));
    comparison.runs[1].run.latency.response->unanswered = 20;
    EXPECT_THAT(league_table(comparison), HasSubstr("9.00 ms  never  never  9.00 ms"));
}

}  // namespace
}  // namespace portillon::report
