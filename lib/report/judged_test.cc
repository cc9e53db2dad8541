#include "report/judged.h"

#include <gmock/gmock.h>

#include "report/gold.h"
#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::HasSubstr;

std::vector<gate::Threshold> thresholds(std::initializer_list<const char*> texts) {
    std::vector<gate::Threshold> parsed;
    for (const char* text : texts) {
        parsed.push_back(*gate::parse_cli_threshold(text));
    }
    return parsed;
}

TEST(Judged, TakesTheReportsOwnThresholdsWhenNoneAreGiven) {
    const auto own = judge(Report(healthy_run()), {});
    ASSERT_TRUE(own);
    ASSERT_EQ(own->size(), 1U);
    EXPECT_EQ(own->front().thresholds.size(), 2U);
    const auto given = judge(Report(healthy_run()), thresholds({"response: p(50)<1us"}));
    ASSERT_EQ(given->front().thresholds.size(), 1U);
    EXPECT_FALSE(given->front().thresholds.front().passed);
}

TEST(Judged, JudgesByTheFiguresNotByWhatIsWritten) {
    auto run = healthy_run();
    run.thresholds = {{.metric = "lost", .expression = "count>0", .observed = 5, .passed = true, .reason = {}}};
    const auto judged = judge(Report(run), {});
    EXPECT_EQ(standing_of(*judged, Strictness::lenient), Standing::breached);
}

TEST(Judged, RefusesAReportWithNothingToJudgeOrUnreadableThresholds) {
    auto run = healthy_run();
    run.thresholds.clear();
    const auto nothing = judge(Report(run), {});
    ASSERT_FALSE(nothing);
    EXPECT_THAT(nothing.problems().front().message, HasSubstr("nothing to judge"));
    auto comparison = sample_comparison();
    comparison.runs[1].run.thresholds.push_back(
        {.metric = "reponse", .expression = "p(95)<5ms", .observed = {}, .passed = true, .reason = {}});
    const auto unreadable = judge(Report(comparison), {});
    ASSERT_FALSE(unreadable);
    EXPECT_EQ(unreadable.problems().front().key, "runs.1.thresholds.1");
    EXPECT_THAT(unreadable.problems().front().message, HasSubstr("did you mean \"response\""));
}

TEST(Judged, StandsByTheWorstOfAllRuns) {
    struct Row {
        const char* what;
        Measurement measurement;
        bool complete;
        const char* threshold;
        Standing lenient, strict;
        const char* aborted_by = "";
    };
    const Row rows[] = {
        {"all well", Measurement::valid, true, "lost: count==0", Standing::passed, Standing::passed},
        {"breached", Measurement::valid, true, "lost: count>0", Standing::breached, Standing::breached},
        {"no data", Measurement::valid, true, "response: p(100)>25h", Standing::breached, Standing::breached},
        {"suspect", Measurement::suspect, true, "lost: count==0", Standing::passed, Standing::untrusted},
        {"suspect and breached", Measurement::suspect, true, "lost: count>0", Standing::breached, Standing::untrusted},
        {"invalid", Measurement::invalid, true, "lost: count==0", Standing::untrusted, Standing::untrusted},
        {"invalid and breached", Measurement::invalid, true, "lost: count>0", Standing::untrusted, Standing::untrusted},
        {"incomplete", Measurement::valid, false, "lost: count==0", Standing::untrusted, Standing::untrusted},
        {"ended by a threshold", Measurement::valid, false, "lost: count==0", Standing::breached, Standing::breached,
         "response: p(95)<1us"},
        {"invalid and ended by a threshold", Measurement::invalid, false, "lost: count==0", Standing::untrusted,
         Standing::untrusted, "response: p(95)<1us"},
    };
    for (const auto& row : rows) {
        auto run = healthy_run();
        run.verdict.measurement = row.measurement;
        run.verdict.complete = row.complete;
        run.verdict.aborted_by = row.aborted_by;
        Comparison comparison;
        comparison.runs = {{1, 1, healthy_run()}, {1, 2, run}};
        const auto judged = judge(Report(comparison), thresholds({row.threshold}));
        ASSERT_TRUE(judged);
        EXPECT_EQ(standing_of(*judged, Strictness::lenient), row.lenient) << row.what;
        EXPECT_EQ(standing_of(*judged, Strictness::strict), row.strict) << row.what;
    }
}

TEST(Judged, IsReadByPeopleAndByContinuousIntegration) {
    const auto judged =
        judge(Report(sample_comparison()), thresholds({"response: p(95)<50ms", "lost: count==0",
                                                       "undelivered: rate<0.001", "server.rss_bytes: value<1GB"}));
    ASSERT_TRUE(judged);
    expect_gold("judged.txt", format_judged(*judged));
    expect_gold("judged.xml", junit_xml(*judged, Strictness::strict));
}

TEST(Judged, KnowsAStageByItsNameAndRefusesOneThatIsNotThere) {
    const auto of_stage = [](const char* metric) {
        return judge(Report(staged_run()), {*gate::parse_threshold(metric, "p(95)<50ms")});
    };
    EXPECT_TRUE(of_stage("response{stage:steady}")->front().thresholds.front().passed);
    EXPECT_FALSE(of_stage("response{stage:peak}")->front().thresholds.front().passed);
    EXPECT_THAT(format_judged(*of_stage("response{stage:peak}")),
                HasSubstr("response{stage:peak}: p(95)<50ms  56.6 ms"));
    const auto unknown = of_stage("response{stage:noon}");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.problems().front().message, HasSubstr("there is no stage \"noon\""));
    EXPECT_TRUE(judge(Report(staged_run()), {})) << "its own";
}

Diff against(const Report& base, const Report& candidate, double max_regression = 0.1) {
    return diff(*select(base, "", "base.json"), *select(candidate, "", "candidate.json"),
                {.min_effect = max_regression});
}

TEST(Judged, FailsAgainstABaselineThatWasBetterForSure) {
    const Report duel = sample_duel();
    const auto part = [&duel](const char* name) { return *select(duel, name, name); };
    const auto worse = diff(part("base/mqtt"), part("cand/mqtt"), {.min_effect = 0.1});
    EXPECT_EQ(standing_of(worse, Strictness::lenient), Standing::breached);
    EXPECT_THAT(doubts_about(worse), ::testing::IsEmpty());
    // A quarter slower is within a half.
    const auto within = diff(part("base/mqtt"), part("cand/mqtt"), {.min_effect = 0.5});
    EXPECT_EQ(standing_of(within, Strictness::strict), Standing::passed);
    const auto better = diff(part("cand/mqtt"), part("base/mqtt"), {.min_effect = 0.1});
    EXPECT_EQ(standing_of(better, Strictness::strict), Standing::passed);
}

TEST(Judged, WarnsOfSingleReportsBeyondTheRegressionUnlessStrict) {
    auto slower = healthy_run();
    *slower.resources.server->cpu_us_per_validation *= 1.3;
    *slower.throughput.acknowledged_per_s *= 0.8;
    const auto doubtful = against(Report(healthy_run()), Report(slower));
    EXPECT_EQ(standing_of(doubtful, Strictness::lenient), Standing::passed);
    EXPECT_EQ(standing_of(doubtful, Strictness::strict), Standing::breached);
    EXPECT_THAT(
        doubts_about(doubtful),
        ::testing::ElementsAre(HasSubstr("mqtt: acknowledged per s 7,999/s against the baseline's 9,999/s"),
                               HasSubstr("mqtt: server CPU/validation 6.50 us against the baseline's 5.00 us")));
    EXPECT_EQ(standing_of(against(Report(healthy_run()), Report(slower), 0.4), Strictness::strict), Standing::passed);
    EXPECT_EQ(standing_of(against(Report(slower), Report(healthy_run())), Strictness::strict), Standing::passed);
}

TEST(Judged, TrustsNoBaselineThatCannotBeCompared) {
    auto elsewhere = healthy_run();
    elsewhere.context.cpu_model = "another";
    EXPECT_EQ(standing_of(against(Report(elsewhere), Report(healthy_run())), Strictness::lenient), Standing::untrusted);
    auto blind = healthy_run();
    blind.ledger.reset();
    blind.delivery = {};
    blind.latency.end_to_end.reset();
    EXPECT_EQ(standing_of(against(Report(healthy_run()), Report(blind)), Strictness::lenient), Standing::untrusted);
    auto cut = healthy_run();
    cut.verdict.complete = false;
    EXPECT_EQ(standing_of(against(Report(cut), Report(healthy_run())), Strictness::lenient), Standing::untrusted);
    auto suspect = healthy_run();
    suspect.verdict = {.measurement = Measurement::suspect, .reasons = {"the clock stepped"}};
    EXPECT_EQ(standing_of(against(Report(suspect), Report(healthy_run())), Strictness::lenient), Standing::passed);
    EXPECT_EQ(standing_of(against(Report(suspect), Report(healthy_run())), Strictness::strict), Standing::untrusted);
}

TEST(Judged, NeedsNoThresholdsWithABaseline) {
    auto run = healthy_run();
    run.thresholds.clear();
    EXPECT_FALSE(judge(Report(run), {}));
    EXPECT_TRUE(judge(Report(run), {}, Others::baseline));
}

TEST(Judged, HasACaseForEachMetricOfTheBaseline) {
    auto lossy = healthy_run();
    lossy.delivery.lost = 3;
    *lossy.resources.server->cpu_us_per_validation *= 1.3;
    const auto diff = against(Report(healthy_run()), Report(lossy));
    const auto judged = judge(Report(lossy), thresholds({"response: p(95)<50ms"}));
    expect_gold("judged_baseline.xml", junit_xml(*judged, Strictness::strict, &diff));
    auto elsewhere = healthy_run();
    elsewhere.context.cores = 96;
    const auto incomparable = against(Report(elsewhere), Report(healthy_run()));
    EXPECT_THAT(junit_xml(*judged, Strictness::lenient, &incomparable),
                HasSubstr("<failure message=\"cores: 96 against 2\"/>"));
}

}  // namespace
}  // namespace portillon::report
