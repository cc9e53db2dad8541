#include "report/cells.h"

#include <gtest/gtest.h>

#include "report/samples.h"

namespace portillon::report {
namespace {

Cell latency_of(const Report& report, const char* kind, const char* key) {
    const auto rows = rows_of(report);
    return latency_cell(latencies_of(rows.front()), *account::find_latency(kind), key);
}

TEST(Cells, SayWhyAFigureIsAbsent) {
    const auto why = [](const RunReport& run, const char* kind, const char* key) {
        const auto cell = latency_of(run, kind, key);
        EXPECT_EQ(cell.value, "null");
        EXPECT_EQ(cell.text, "");
        EXPECT_TRUE(cell.is_absent());
        return cell.why;
    };
    EXPECT_EQ(why(troubled_run(), "response", "p99_us"), "it falls among the 1,000 never answered");
    EXPECT_EQ(why(troubled_run(), "lateness", "p99_us"), "not measured");
    EXPECT_EQ(why(unacknowledged_run(), "response", "p50_us"), "nothing is acknowledged here");
    auto foreign = healthy_run();
    forget_ledger(foreign);
    foreign.latency.end_to_end.reset();
    EXPECT_EQ(why(foreign, "end_to_end", "p50_us"), "the target has no record of what arrived");
    auto slow = healthy_run();
    slow.latency.service = Latency{};
    EXPECT_EQ(why(slow, "service", "p50_us"), "no samples");
    slow.latency.service->histogram.record(25h, 2);  // of values above 24 h only the largest is known
    EXPECT_EQ(why(slow, "service", "p50_us"), "above 24 h");
}

TEST(Cells, TellAFigureForPeopleAndExactly) {
    const auto cell = latency_of(healthy_run(), "response", "p95_us");
    EXPECT_EQ(cell.figure, "latency.response.p95_us");
    EXPECT_EQ(cell.value, "6258.687");
    EXPECT_EQ(cell.text, "6.26 ms");
}

TEST(Cells, ShowInWordsWhatIsAboveEverything) {
    EXPECT_EQ(plain_text(latency_of(troubled_run(), "response", "p99_us")), "never");
    EXPECT_EQ(plain_text(latency_of(troubled_run(), "lateness", "p99_us")), "-");
}

// Repeats of one protocol; each has its own response time.
Comparison repeats_answered_in(const std::vector<Nanos>& times) {
    Comparison comparison;
    for (const auto time : times) {
        auto run = healthy_run();
        stats::Histogram histogram;
        histogram.record(time, 99);
        run.latency.response = Latency{histogram, 0};
        comparison.runs.push_back({static_cast<unsigned>(comparison.runs.size() + 1), 1, run});
    }
    return comparison;
}

TEST(Cells, AreTheMedianOfTheRepeatsWithTheirRange) {
    const auto comparison = repeats_answered_in({700us, 105ms, 800us});
    const auto cell = latency_of(comparison, "response", "p50_us");
    EXPECT_EQ(cell.text, "800 us");
    EXPECT_EQ(cell.range, "700 us-105 ms");
    EXPECT_EQ(latency_of(comparison, "response", "count").value, "297");
}

TEST(Cells, RankWhatNeverCameAboveEverything) {
    auto comparison = repeats_answered_in({1ms, 1ms, 1ms});
    comparison.runs[1].run.latency.response->unanswered = 99;
    EXPECT_EQ(latency_of(comparison, "response", "p99_us").range, "1.00 ms-never");
    comparison.runs[2].run.latency.response->unanswered = 99;
    const auto cell = latency_of(comparison, "response", "p99_us");
    EXPECT_EQ(cell.beyond, "never");
    EXPECT_EQ(cell.why, "it falls among the 99 never answered, in half of the repeats or more");
    EXPECT_EQ(latency_of(comparison, "response", "unanswered").value, "198");
}

TEST(Cells, AreAbsentWhereOneRepeatLacksTheLatency) {
    auto comparison = repeats_answered_in({1ms, 2ms});
    comparison.runs[0].run.latency.response.reset();
    EXPECT_EQ(latency_of(comparison, "response", "p50_us").figure, "latency.response");
    EXPECT_TRUE(latency_of(comparison, "response", "count").is_absent());
}

TEST(Cells, TellTheRangeOfWhatIsMeasuredAndTheSumOfWhatIsCounted) {
    auto comparison = repeats_answered_in({1ms, 1ms});
    comparison.runs[0].run.resources.server->cpu_us_per_validation = 3;
    comparison.runs[1].run.resources.server->cpu_us_per_validation = 5;
    comparison.runs[0].run.wire.bytes_sent = 100;
    comparison.runs[1].run.wire.bytes_sent = 150;
    const auto rows = rows_of(comparison);
    const auto cpu = resource_cell(rows.front(), account::sides[1],
                                   *account::find_value(account::resource_figures, "cpu_us_per_validation"));
    EXPECT_EQ(cpu.figure, "resources.server.cpu_us_per_validation");
    EXPECT_EQ(cpu.text, "4.00 us");
    EXPECT_EQ(cpu.range, "3.00-5.00 us");
    const auto sent = wire_cell(rows.front(), *account::find_value(account::wire_figures, "bytes_sent"));
    EXPECT_EQ(sent.value, "250");
    EXPECT_EQ(sent.range, "");
}

}  // namespace
}  // namespace portillon::report
