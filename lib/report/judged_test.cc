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
    };
    for (const auto& row : rows) {
        auto run = healthy_run();
        run.verdict.measurement = row.measurement;
        run.verdict.complete = row.complete;
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

}  // namespace
}  // namespace portillon::report
