#include "report/headline.h"

#include <gmock/gmock.h>

#include "report/figures.h"
#include "report/samples.h"
#include "report/terminal.h"

namespace portillon::report {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

RunReport judged_by_default(RunReport run) {
    run.thresholds = judge(run, gate::default_thresholds());
    return run;
}

const JudgedThreshold& of(const RunReport& run, std::string_view metric) {
    for (const auto& threshold : run.thresholds) {
        if (threshold.metric == metric) {
            return threshold;
        }
    }
    ADD_FAILURE() << "no threshold " << metric;
    return run.thresholds.front();
}

RunReport all_rejected() {
    auto run = healthy_run();
    account::set(run.counts, account::Section::tally, {.generated = 600, .rejected = 600, .sent_batches = 600});
    account::set(run.counts, account::Section::ledger, {});
    run.counts.lost = 0;
    run.counts.undelivered = 600;
    run.counts.unconfirmed = 0;
    run.delivery = {.exceptions = {}, .exceptions_omitted = 0};
    run.errors = {{"connect.refused", 9}, {"deliver.http_404", 590}, {"deliver.timed_out", 10}};
    return run;
}

RunReport without_ledger() {
    auto run = healthy_run();
    run.target = "mqtt://127.0.0.1:1883";
    forget_ledger(run);
    run.delivery = {};
    run.latency.end_to_end.reset();
    return run;
}

TEST(DefaultThresholds, PassWhenEverythingGotThrough) {
    const auto run = judged_by_default(healthy_run());
    ASSERT_EQ(run.thresholds.size(), 4U);
    EXPECT_FALSE(any_failed(run));
    EXPECT_EQ(headline(run), "");
    EXPECT_EQ(about_skipped(run), "");
    EXPECT_THAT(summary(run, Style::plain), StartsWith("peak over mqtt"));
}

TEST(DefaultThresholds, FailWhenEveryAnswerIsNo) {
    const auto run = judged_by_default(all_rejected());
    EXPECT_FALSE(of(run, "rejected").passed);
    EXPECT_FALSE(of(run, "undelivered").passed);
    EXPECT_THAT(summary(run, Style::plain),
                StartsWith("FAILED: 600 of 600 validations were rejected: http_404 590, timed_out 10\n"));
}

TEST(DefaultThresholds, FailWhenSomeEquipmentsNeverConnected) {
    auto run = healthy_run();
    run.counts.equipments = 3;
    run.counts.connects = 1;
    run.counts.never_connected = 2;
    run.fleet.connect_failures = {{"refused", 7}, {"mqtt_banned", 20}};
    account::set(run.counts, account::Section::tally, {.generated = 30, .acknowledged = 10, .cached = 20});
    account::set(run.counts, account::Section::ledger, {.delivered = 10});
    run.counts.undelivered = 20;
    run = judged_by_default(run);
    EXPECT_FALSE(of(run, "never_connected").passed);
    EXPECT_EQ(headline(run), "2 of 3 equipments never connected: mqtt_banned 20, refused 7");
}

TEST(Headline, NamesTheTargetThatNobodyReachedBeforeEverythingElse) {
    auto run = healthy_run();
    run.target = "mqtt://127.0.0.1:1";
    run.counts.equipments = 50;
    run.counts.connects = 0;
    run.counts.never_connected = 50;
    run.fleet.connect_failures = {{"refused", 350}};
    run.thresholds.clear();
    const auto said = "no equipment could connect to mqtt://127.0.0.1:1: connection refused (50 of 50)";
    EXPECT_EQ(headline(run), said);
    run.verdict.complete = false;
    run.verdict.ended_because = "no equipment could connect";
    EXPECT_THAT(summary(run, Style::plain), StartsWith(std::string("FAILED: ") + said + "\n"));
    EXPECT_THAT(summary(run, Style::plain), HasSubstr("incomplete: ended early, because no equipment could connect\n"));
    run.fleet.connect_failures = {{"refused", 3}, {"dns", 20}};
    run.target = "embedded";
    EXPECT_EQ(headline(run), "no equipment could connect to the embedded server: dns 20, refused 3 (50 of 50)");
}

TEST(DefaultThresholds, FailWhenThePromiseIsBroken) {
    auto run = healthy_run();
    run.counts.lost = run.counts.undelivered = 3;
    *run.counts.delivered -= 3;
    run = judged_by_default(run);
    EXPECT_FALSE(of(run, "lost").passed);
    EXPECT_EQ(headline(run), "3 of 20,000 validations were acknowledged and never arrived (lost)");
}

TEST(DefaultThresholds, AreSkippedAndSaidWhereNobodyKeepsALedger) {
    const auto run = judged_by_default(without_ledger());
    EXPECT_FALSE(any_failed(run));
    for (const auto* metric : {"lost", "undelivered"}) {
        EXPECT_TRUE(of(run, metric).skipped) << metric;
        EXPECT_TRUE(of(run, metric).passed) << metric;
        EXPECT_FALSE(of(run, metric).observed) << metric;
        EXPECT_THAT(of(run, metric).reason, HasSubstr("no record")) << metric;
    }
    EXPECT_FALSE(of(run, "rejected").skipped);
    EXPECT_FALSE(of(run, "never_connected").skipped);
    EXPECT_THAT(about_skipped(run), HasSubstr("Not judged: lost, undelivered"));
    EXPECT_THAT(about_skipped(run), HasSubstr("--ledger"));
    EXPECT_THAT(about_skipped(run), HasSubstr("embedded server"));
    EXPECT_THAT(summary(run, Style::plain), HasSubstr("Not judged: lost, undelivered"));
}

// Unacknowledged validations are known without a ledger; rejected ones have a threshold of their own.
TEST(DefaultThresholds, FailWithoutALedgerWhenSomethingWasNeverAcknowledged) {
    auto run = without_ledger();
    account::set(run.counts, account::Section::tally,
                 {.generated = 30, .acknowledged = 20, .rejected = 4, .unacknowledged = 6, .sent_batches = 170});
    run.errors = {{"deliver.http_500", 164}};
    run = judged_by_default(run);
    EXPECT_TRUE(of(run, "lost").skipped);
    EXPECT_FALSE(of(run, "undelivered").skipped);
    EXPECT_FALSE(of(run, "undelivered").passed);
    EXPECT_THAT(of(run, "undelivered").reason, StartsWith("6 of 30 were never acknowledged"));
    EXPECT_THAT(headline(run), HasSubstr("http_500 164"));
    run.latency.response.reset();  // at QoS 0 nothing is acknowledged
    EXPECT_TRUE(of(judged_by_default(run), "undelivered").skipped);
}

TEST(DefaultThresholds, KnowNothingOfEquipmentsWhoseGeneratorWasLost) {
    for (auto run : {healthy_run(), without_ledger()}) {
        run.counts.unaccounted = 500;
        run = judged_by_default(run);
        for (const auto& threshold : run.thresholds) {
            EXPECT_FALSE(threshold.passed) << threshold.metric;
            EXPECT_FALSE(threshold.observed) << threshold.metric;
            EXPECT_THAT(threshold.reason, HasSubstr("a generator process was lost")) << threshold.metric;
        }
    }
}

TEST(DefaultThresholds, AreNotSkippedWhereThereShouldBeALedger) {
    auto run = without_ledger();
    run.target = "embedded";
    run = judged_by_default(run);
    EXPECT_FALSE(of(run, "lost").passed);
    EXPECT_FALSE(of(run, "lost").skipped);
}

TEST(DefaultThresholds, OnLossIsSkippedWhereNothingIsAcknowledgedButWhatDidNotArriveCounts) {
    auto run = unacknowledged_run();
    run.counts.undelivered = 0;
    auto judged = judged_by_default(run);
    EXPECT_TRUE(of(judged, "lost").skipped);
    EXPECT_FALSE(of(judged, "undelivered").skipped);
    EXPECT_FALSE(any_failed(judged));
    EXPECT_THAT(about_skipped(judged), HasSubstr("nothing is acknowledged"));
    run.counts.undelivered = 5;
    judged = judged_by_default(run);
    EXPECT_FALSE(of(judged, "undelivered").passed);
}

TEST(WrittenThresholds, FailClosedAndSayWhatToDo) {
    const auto run = without_ledger();
    const auto judged = judge(run, {*gate::parse_threshold("lost", "count==0")}).front();
    EXPECT_FALSE(judged.passed);
    EXPECT_FALSE(judged.skipped);
    EXPECT_THAT(judged.reason, HasSubstr("--ledger"));
}

TEST(Headline, NamesWhatDidNotGetThroughEvenWhenNoThresholdSpeaksOfIt) {
    auto run = all_rejected();
    run.thresholds.clear();
    EXPECT_THAT(summary(run, Style::plain), StartsWith("NOTE: 600 of 600 validations were rejected: http_404 590"));
}

TEST(Headline, NamesTheThresholdWhereEverythingGotThrough) {
    auto run = healthy_run();
    run.thresholds = judge(run, {*gate::parse_threshold("response", "p(95)<1us")});
    EXPECT_THAT(headline(run), StartsWith("response: p(95)<1us does not hold (observed "));
}

TEST(Headline, SpeaksOfUnansweredValidationsWhereNobodyKnowsWhatArrived) {
    auto run = without_ledger();
    account::set(run.counts, account::Section::tally, {.generated = 100, .acknowledged = 40, .unacknowledged = 60});
    run.errors = {{"deliver.timed_out", 60}};
    run.thresholds.clear();
    EXPECT_EQ(headline(run), "60 of 100 validations were never acknowledged: timed_out 60");
}

}  // namespace
}  // namespace portillon::report
