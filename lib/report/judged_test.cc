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
        const auto judged = judge(Report(comparison), thresholds({row.threshold}), Others::none, Judged::each);
        ASSERT_TRUE(judged);
        EXPECT_EQ(standing_of(*judged, Strictness::lenient), row.lenient) << row.what;
        EXPECT_EQ(standing_of(*judged, Strictness::strict), row.strict) << row.what;
    }
}

// A comparison of repeats whose P95 of response is about so many us each; 0: the measurement is invalid.
Comparison repeats_of(std::initializer_list<unsigned> p95_us) {
    Comparison comparison{.scenario = healthy_run().scenario, .command = {}, .runs = {}};
    comparison.repeats = static_cast<unsigned>(p95_us.size());
    unsigned repeat = 0;
    for (const auto us : p95_us) {
        auto run = healthy_run();
        stats::Histogram histogram;
        histogram.record(Nanos{std::max(us, 1U) * 1000L}, 20'000);
        run.latency.response = Latency{histogram, 0};
        if (us == 0) {
            run.verdict = {.measurement = Measurement::invalid, .reasons = {"the generator itself was late"}};
        }
        comparison.runs.push_back({++repeat, 1, std::move(run)});
    }
    return comparison;
}

Standing stands(const Comparison& comparison, const char* threshold, Strictness strictness = Strictness::lenient) {
    return standing_of(*judge(Report(comparison), thresholds({threshold})), strictness);
}

TEST(Judged, JudgesTheMedianOfTheRepeatsThatCount) {
    // One repeat of 105 ms among four below 0.9 ms does not decide, unless each is judged by itself.
    const auto one_slow = repeats_of({700, 105'000, 800, 850, 600});
    EXPECT_EQ(stands(one_slow, "response: p(95)<1ms"), Standing::passed);
    EXPECT_EQ(stands(one_slow, "response: p(95)<790us"), Standing::breached);
    EXPECT_EQ(standing_of(*judge(Report(one_slow), thresholds({"response: p(95)<1ms"}), Others::none, Judged::each),
                          Strictness::lenient),
              Standing::breached);
    EXPECT_THAT(format_judged(*judge(Report(one_slow), thresholds({"response: p(95)<1ms"}))),
                HasSubstr("800 us  median of 5 repeats (600 us-105 ms)"));
    // The median of an even number is the mean of the two in the middle.
    EXPECT_EQ(stands(repeats_of({100, 200, 300, 400}), "response: p(95)<251us"), Standing::passed);
    EXPECT_EQ(stands(repeats_of({100, 200, 300, 400}), "response: p(95)<249us"), Standing::breached);
    // More repeats do not make it more likely to fail.
    EXPECT_EQ(stands(repeats_of({700, 700, 700, 105'000, 105'000, 700, 700}), "response: p(95)<1ms"), Standing::passed);
    EXPECT_EQ(stands(repeats_of({105'000, 105'000, 700}), "response: p(95)<1ms"), Standing::breached);
}

TEST(Judged, CountsNoInvalidRepeatAndNeedsOneThatIsValid) {
    const auto some = repeats_of({700, 0, 0, 800, 850});
    EXPECT_EQ(stands(some, "response: p(95)<1ms"), Standing::passed);
    EXPECT_EQ(stands(some, "response: p(95)<1ms", Strictness::strict), Standing::untrusted);
    EXPECT_EQ(stands(some, "response: p(95)<750us"), Standing::breached);
    EXPECT_THAT(format_judged(*judge(Report(some), thresholds({"lost: count==0"}))),
                HasSubstr("3 of 5 repeats valid: repeat 2 does not count"));
    // If fewer than half are valid, this is said, and fails with --strict.
    const auto few = repeats_of({700, 0, 0, 0, 850});
    EXPECT_EQ(stands(few, "response: p(95)<1ms"), Standing::passed);
    EXPECT_THAT(format_judged(*judge(Report(few), thresholds({"lost: count==0"}))),
                HasSubstr("the measurement is suspect, 2 of 5 repeats valid: only 2 of 5 repeats are valid"));
    const auto none = repeats_of({0, 0, 0});
    EXPECT_EQ(stands(none, "response: p(95)<1ms"), Standing::untrusted);
    EXPECT_EQ(stands(none, "lost: count>0"), Standing::untrusted);
    // A superseded run neither counts nor is missing.
    auto again = repeats_of({700, 0, 800});
    again.runs[1].superseded = true;
    again.runs.push_back({2, 2, again.runs[0].run});
    EXPECT_EQ(stands(again, "response: p(95)<1ms", Strictness::strict), Standing::passed);
    // A repeat that was never run is missing.
    again.repeats = 4;
    EXPECT_EQ(stands(again, "response: p(95)<1ms", Strictness::strict), Standing::untrusted);
}

TEST(Judged, LetsNoRepeatHideWhatAnotherLost) {
    auto lossy = repeats_of({700, 700, 700, 700, 700});
    lossy.runs[2].run.counts.lost = 3;
    EXPECT_EQ(stands(lossy, "lost: count==0"), Standing::breached);
    EXPECT_EQ(stands(lossy, "lost: rate<0.0001"), Standing::breached);
    EXPECT_EQ(stands(lossy, "lost: count<4"), Standing::passed);
    EXPECT_THAT(format_judged(*judge(Report(lossy), thresholds({"lost: count==0"}))),
                HasSubstr("3  worst of 5 repeats: observed 3 in repeat 3"));
    // For a threshold with a lower bound, the smallest count decides.
    lossy.runs[4].run.counts.acknowledged = 10;
    EXPECT_EQ(stands(lossy, "acknowledged: count>=11"), Standing::breached);
    EXPECT_EQ(stands(lossy, "acknowledged: count>=10"), Standing::passed);
    // A loss in a run that does not count is mentioned.
    auto aside = repeats_of({700, 0, 800});
    aside.runs[1].run.counts.lost = 7;
    EXPECT_EQ(stands(aside, "lost: count==0"), Standing::passed);
    EXPECT_THAT(format_judged(*judge(Report(aside), thresholds({"lost: count==0"}))),
                HasSubstr("mqtt: 7 lost in a run of repeat 2 that does not count"));
}

TEST(Judged, RanksWhatIsUnknownWhereAThresholdDoesNotHold) {
    const auto unanswered_in = [](std::initializer_list<unsigned> repeats) {
        auto comparison = repeats_of({700, 700, 700, 700});
        for (const auto repeat : repeats) {
            comparison.runs[repeat - 1].run.latency.response->unanswered = 20'000;
        }
        return comparison;
    };
    EXPECT_EQ(stands(unanswered_in({1}), "response: p(95)<1ms"), Standing::passed);
    EXPECT_EQ(stands(unanswered_in({1, 2}), "response: p(95)<1ms"), Standing::breached) << "half of an even number";
    EXPECT_EQ(stands(unanswered_in({1, 2, 3}), "response: p(95)<1ms"), Standing::breached);
    EXPECT_EQ(stands(unanswered_in({1}), "response: p(95)>1us"), Standing::passed);
    EXPECT_EQ(stands(unanswered_in({1, 2}), "response: p(95)>1us"), Standing::breached);
    const auto judged = judge(Report(unanswered_in({2, 3})), thresholds({"response: p(95)<1ms"}));
    EXPECT_THAT(format_judged(*judged), HasSubstr("no data: among the 20,000 never answered in 2 of 4 repeats"));
    auto blind = repeats_of({700, 700, 700});
    forget_ledger(blind.runs[0].run);
    blind.runs[0].run.delivery = {};
    EXPECT_EQ(stands(blind, "lost: count==0"), Standing::breached) << "a count that is not known holds nothing";
}

TEST(Judged, FailsWhatAThresholdEndedEarly) {
    auto ended = repeats_of({700, 700, 700});
    ended.runs[1].run.verdict.complete = false;
    ended.runs[1].run.verdict.aborted_by = "response: p(95)<1us";
    EXPECT_EQ(stands(ended, "lost: count==0"), Standing::breached);
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
    // A quarter slower is within a minimum effect of one half.
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
    forget_ledger(blind);
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
    lossy.counts.lost = 3;
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
