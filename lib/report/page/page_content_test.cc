#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "report/page/chart_data.h"
#include "report/page/page.h"
#include "report/page/page_samples.h"
#include "report/samples.h"

namespace portillon::report::page {
namespace {

// Searches by hand, because a matcher would print the whole page if the text is missing.
bool has(const std::string& page, const std::string& text) {
    return page.find(text) != std::string::npos;
}

TEST(Page, ShowsAFigureForPeopleAndExactly) {
    EXPECT_TRUE(
        has(html_page(healthy_run()), "data-figure=\"latency.response.p95_us\" data-value=\"6258.687\">6.26 ms</td>"));
}

TEST(Page, LetsNothingOutOfItsPlace) {
    for (const auto& [name, report] : page_samples()) {
        const auto page = html_page(report);
        EXPECT_FALSE(has(page, "<script>alert")) << name;
        EXPECT_FALSE(has(page, "<img")) << name;
        EXPECT_FALSE(has(page, " style=\"")) << name << ": the policy forbids it";
        EXPECT_FALSE(has(page, "src=\"")) << name;
        EXPECT_EQ(page.find('\0'), std::string::npos) << name;
    }
}

TEST(Page, IsMadeOfAComparisonWithoutRuns) {
    const Comparison nothing{
        .scenario = {.name = "peak", .workload_digest = "5f3a", .resolved = {}}, .command = {}, .runs = {}};
    EXPECT_TRUE(has(html_page(nothing), "No run of this comparison left a report."));
}

TEST(Page, CountsARefusedDialOnce) {
    auto run = healthy_run();
    run.fleet.connect_failures = {{"refused", 7}, {"timed_out", 2}};
    run.errors = {{"connect.refused", 7}, {"connection.reset", 3}, {"deliver.timed_out", 5}};
    const auto page = html_page(run);
    EXPECT_TRUE(has(page, "data-figure=\"errors.connect.refused\""));
    EXPECT_FALSE(has(page, "data-figure=\"fleet.connect_failures.refused\"")) << "the same dials again";
    EXPECT_TRUE(has(page, "data-figure=\"fleet.connect_failures.timed_out\"")) << "an earlier report tells them apart";
    EXPECT_TRUE(has(page, "data-figure=\"errors.connection.reset\""));
}

TEST(Page, TellsTheAccountAndOnlyWhatIsKnown) {
    EXPECT_TRUE(has(html_page(healthy_run()), "Every validation arrived, once and in order."));
    EXPECT_TRUE(has(html_page(healthy_run()), "No attempt failed."));
    auto killed = healthy_run();
    killed.counts.unaccounted = 500;
    EXPECT_FALSE(has(html_page(killed), "Every validation arrived"));
    EXPECT_FALSE(has(html_page(killed), "No attempt failed."));
    EXPECT_TRUE(has(html_page(killed), "500 equipments are unaccounted for"));
}

TEST(Page, DrawsTheDrainAsSuch) {
    auto run = healthy_run();
    run.phases = {stage_of("steady", 0, 1)};
    EXPECT_TRUE(has(html_page(run), "\"drain\":1.0"));
    EXPECT_TRUE(has(html_page(run), "<small>drain</small>"));
    run.phases.clear();
    EXPECT_FALSE(has(html_page(run), "\"drain\":"));
}

TEST(Page, NamesWhatChangedBetweenTwoTargets) {
    const auto page = html_page(sample_duel());
    EXPECT_TRUE(has(page, "id=\"changes\""));
    EXPECT_TRUE(has(page, "data-metric=\"latency.response.p95_us\" data-change=\"worse\""));
    EXPECT_FALSE(has(html_page(sample_comparison()), "id=\"changes\""));
}

TEST(Page, ShowsMediansOfTheRepeatsThatCountAndTheirRange) {
    const auto samples = page_samples();
    const auto repeated =
        std::find_if(samples.begin(), samples.end(), [](const auto& sample) { return sample.first == "repeated"; });
    const auto page = html_page(repeated->second);
    EXPECT_TRUE(has(page, "4 of 5 repeats valid"));
    // The mean of 6.88 ms and 7.51 ms: neither the 250 ms of the slow repeat nor the invalid ones are in it.
    EXPECT_TRUE(has(page, ">7.20 ms<small>6.26-250 ms</small></td>"))
        << page.substr(page.find("Comparison</caption>"), 3000);
    EXPECT_TRUE(has(page, "mqtt, repeat 3, run again: the generator itself was late"));
    EXPECT_TRUE(has(page, "record could not be read"));
    EXPECT_TRUE(has(page, "median of 4 repeats"));
}

TEST(Page, BeginsWithFiguresAndGivesReasonsAfterThem) {
    const auto page = html_page(sample_comparison());
    EXPECT_LT(page.find("<section id=\"figures\">"), page.find("<section id=\"measurement\">"));
    EXPECT_TRUE(has(page, "<li>mqtt answers fastest</li>"));
    EXPECT_TRUE(has(page, "What 50,000 such equipments need, extrapolated"));
    EXPECT_TRUE(has(page, "<li>mqtt: 1 of 2 repeats incomplete, not counted: the run was interrupted; "));
    EXPECT_TRUE(has(page, "<summary>Each repeat</summary>"));
}

TEST(Page, ComparesRowsByBars) {
    const auto page = html_page(sample_comparison());
    EXPECT_TRUE(has(page, "<rect width=\"100.00\" height=\"10\"></rect>"));
    EXPECT_TRUE(has(page, "<span class=\"value\">495 B</span><span class=\"quiet\">3.84 times</span>"));
    EXPECT_TRUE(has(page, "<span class=\"value\">129 B</span><span class=\"quiet\">least</span>"));
    EXPECT_TRUE(has(page, "<span class=\"value\">3.24 ms</span><span class=\"quiet\">no answer</span>"))
        << "QoS 0 is no faster for having no answers";
    EXPECT_FALSE(has(html_page(healthy_run()), "class=\"bars\"")) << "there is nothing to compare with";
    auto invalid = sample_comparison();
    for (auto& turn : invalid.runs) {
        turn.run.verdict = {.measurement = Measurement::invalid, .reasons = {"the generator was late"}};
    }
    EXPECT_FALSE(has(html_page(invalid), ">least<"));
    EXPECT_TRUE(has(html_page(invalid), "class=\"bar pale\""));
}

TEST(Page, ShowsErrorsOverTimeIfThereAreAny) {
    auto run = healthy_run();
    EXPECT_TRUE(has(html_page(run), "id=\"errors-time\""));
    for (auto& interval : run.intervals) {
        interval.errors = 0;
    }
    EXPECT_FALSE(has(html_page(run), "id=\"errors-time\""));
}

TEST(Page, IsTheSameForTheSameReport) {
    EXPECT_EQ(html_page(sample_comparison()), html_page(sample_comparison()));
}

// 600 intervals of four protocols, each with a histogram of several hundred buckets.
TEST(Page, OfALargeReportStaysSmall) {
    const auto comparison = large_comparison(600);
    EXPECT_LE(html_page(comparison).size(), 2'000'000U);
    EXPECT_LE(html_page(comparison.runs.front().run).size(), 1'000'000U);
}

TEST(Faults, AreReadFromTheScenarioAsItWasRun) {
    const auto faults = faults_of({.name = {},
                                   .workload_digest = {},
                                   .resolved = R"({"faults":[{"at":"30s","for":"1m","kind":"stall"},)"
                                               R"({"at":"90s","kind":"lose","count":137},)"
                                               R"({"at":"2m","for":"500ms","kind":"delay","delay":"40ms"},)"
                                               R"({"at":1},"x",{"kind":7}]})"});
    ASSERT_EQ(faults.size(), 3U);
    EXPECT_EQ(faults[0].label, "stall");
    EXPECT_EQ(faults[0].from_s, 30);
    EXPECT_EQ(faults[0].to_s, 90);
    EXPECT_EQ(faults[1].label, "lose 137");
    EXPECT_EQ(faults[1].from_s, faults[1].to_s);
    EXPECT_EQ(faults[2].label, "delay 40ms");
    EXPECT_EQ(faults[2].to_s, 120.5);
    EXPECT_TRUE(faults_of(Scenario{}).empty());
    EXPECT_TRUE(faults_of(Scenario{.name = {}, .workload_digest = {}, .resolved = R"({"faults":{}})"}).empty());
}

}  // namespace
}  // namespace portillon::report::page
