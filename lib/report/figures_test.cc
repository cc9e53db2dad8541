#include "report/figures.h"

#include <gmock/gmock.h>

#include "report/samples.h"

namespace portillon::report {
namespace {

JudgedThreshold judged(const RunReport& run, const char* metric, const char* expression) {
    return judge(run, {*gate::parse_threshold(metric, expression)}).front();
}

std::optional<double> figure(const RunReport& run, const char* metric, const std::string& aggregate) {
    return judged(run, metric, (aggregate + ">=0").c_str()).observed;
}

TEST(Figures, AnswerForEveryMetricOfAFullReport) {
    auto run = healthy_run();
    run.counts.retries_put_off = 2;
    run.counts.breaker_openings = 1;
    for (const auto& metric : gate::metrics()) {
        const auto* aggregate = metric.kind == gate::Kind::latency   ? "max"
                                : metric.kind == gate::Kind::counter ? "count"
                                                                     : "value";
        EXPECT_TRUE(figure(run, metric.name.c_str(), aggregate)) << metric.name;
    }
}

TEST(Figures, CountErrorsOfOldReportsWithTheirDials) {
    auto run = healthy_run();
    EXPECT_EQ(figure(run, "errors", "count"), 0);
    run.fleet.connect_failures = {{"refused", 7}, {"timed_out", 2}};
    run.errors = {{"connect.refused", 7}, {"connection.reset", 3}};
    EXPECT_EQ(figure(run, "errors", "count"), 12);
}

TEST(Figures, AreThoseOfTheReport) {
    auto run = troubled_run();
    stats::Histogram histogram;
    histogram.record(1ms, 99);
    histogram.record(3ms);
    run.latency.connect = Latency{histogram, 0};
    EXPECT_NEAR(*figure(run, "connect", "avg"), 1020, 1);
    EXPECT_EQ(figure(run, "connect", "min"), 1000);
    EXPECT_EQ(figure(run, "connect", "max"), 3000);
    EXPECT_NEAR(*figure(run, "connect", "med"), 1000, 1);
    EXPECT_NEAR(*figure(run, "connect", "p(99)"), 1000, 1);
    EXPECT_NEAR(*figure(run, "connect", "p(99.1)"), 3000, 2);
    EXPECT_EQ(figure(run, "lost", "count"), 137);
    EXPECT_FALSE(figure(run, "breaker_openings", "count"));  // the run has no breakers
    EXPECT_EQ(figure(run, "lost", "rate"), 137.0 / 20'000);
    EXPECT_EQ(figure(run, "duplicated", "count"), 20);
    EXPECT_EQ(figure(run, "connect_failures", "count"), 15);
    EXPECT_EQ(figure(run, "errors", "count"), errors_of(run));
    EXPECT_EQ(figure(run, "errors", "rate"), static_cast<double>(errors_of(run)) / 20'000);
    EXPECT_EQ(figure(run, "http_req_failed", "count"), errors_of(run));
    EXPECT_EQ(figure(run, "reconnects", "count"), 40);
    EXPECT_EQ(figure(run, "sent_batches", "count"), 2'037);
    EXPECT_EQ(figure(run, "acknowledged_per_s", "value"), 9'998.5);
    EXPECT_EQ(figure(run, "generator.cpu_us_per_validation", "value"), 6.25);
    EXPECT_EQ(figure(run, "server.cpu_us_per_validation", "value"), 5);
    EXPECT_EQ(figure(run, "server.rss_bytes_per_equipment", "value"), 18'000);
    EXPECT_EQ(figure(run, "bytes_per_validation", "value"), 129);
    EXPECT_EQ(figure(run, "payload_bytes", "value"), 100);
}

// Gate, table and report agree on which figures are known, and figures are in the right order.
TEST(Figures, OfALatencyNeverContradictEachOther) {
    struct Row {
        const char* what;
        std::vector<std::pair<Nanos, unsigned>> values;
        Count unanswered;
        bool has_max, has_mean;
        const char* word;  // for an absent figure
    };
    const Row rows[] = {
        {"all came", {{4'290'001ns, 990}, {5ms, 10}}, 0, true, true, "-"},
        {"one value", {{4'290'001ns, 1}}, 0, true, true, "-"},
        {"none", {}, 0, false, false, "-"},
        {"one of three never came", {{680us, 2}}, 1, false, false, "never"},
        {"two of three never came", {{680us, 1}}, 2, false, false, "never"},
        {"none came", {}, 3, false, false, "never"},
        {"some above 24 h", {{1ms, 9}, {25h, 1}}, 0, true, false, ">24 h"},
        {"all above 24 h", {{25h, 2}}, 0, true, false, ">24 h"},
        {"above 24 h and never", {{1ms, 9}, {25h, 1}}, 1, false, false, "never"},
        {"before it was due, by another clock", {{-5us, 2}}, 0, true, true, "-"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        auto run = healthy_run();
        run.latency.response = Latency{{}, row.unanswered};
        for (const auto& [value, times] : row.values) {
            run.latency.response->histogram.record(value, times);
        }
        const auto& latency = *run.latency.response;
        EXPECT_EQ(latency.max().has_value(), row.has_max);
        EXPECT_EQ(latency.mean().has_value(), row.has_mean);
        EXPECT_EQ(latency.stdev().has_value(), row.has_mean);
        EXPECT_STREQ(latency.word_for_absent(), row.word);
        EXPECT_EQ(figure(run, "response", "max"), figure(run, "response", "p(100)"));
        EXPECT_EQ(figure(run, "response", "max").has_value(), row.has_max);
        EXPECT_EQ(figure(run, "response", "avg").has_value(), row.has_mean);
        double last = figure(run, "response", "min").value_or(0);
        for (const char* percent : {"p(1)", "med", "p(75)", "p(90)", "p(95)", "p(99)", "p(99.9)", "p(99.99)", "max"}) {
            const auto value = figure(run, "response", percent);
            EXPECT_GE(value.value_or(last), last) << percent;
            last = value.value_or(last);
        }
        if (row.has_mean) {
            EXPECT_GE(*figure(run, "response", "avg"), *figure(run, "response", "min"));
            EXPECT_LE(*figure(run, "response", "avg"), *figure(run, "response", "max"));
        }
    }
}

TEST(Figures, FailClosedAndSayWhy) {
    struct Row {
        const char* what;
        RunReport run;
        const char* metric;
        const char* expression;
        const char* reason;
    };
    auto silent = healthy_run();
    silent.latency.response = Latency{{}, 50};
    silent.latency.service = Latency{};
    account::set(silent.counts, account::Section::tally, {});
    silent.resources.server.reset();
    silent.wire.bytes_sent.reset();
    auto overflown = healthy_run();
    overflown.latency.service->histogram.record(25h, overflown.latency.service->histogram.count());
    auto blind = healthy_run();
    forget_ledger(blind);
    blind.delivery = {};
    blind.latency.end_to_end.reset();
    const Row rows[] = {
        {"among the unanswered", troubled_run(), "response", "p(99)<1h", "among the 1,000 never answered"},
        {"max with unanswered", troubled_run(), "response", "max<1h", "unknown: 1,000 never answered"},
        {"avg with unanswered", troubled_run(), "response", "avg<1h", "unknown: 1,000 never answered"},
        {"avg with overflow", troubled_run(), "service", "avg<1h", "unknown: some took longer than 24 h"},
        {"among the overflow", overflown, "service", "p(90)<1h", "above 24 h"},
        {"among the undelivered", troubled_run(), "end_to_end", "p(99)<1h", "among the 737 never delivered"},
        {"no latency", troubled_run(), "lateness", "max<1h", "not measured"},
        {"QoS 0", unacknowledged_run(), "response", "p(50)<1h", "nothing is acknowledged here"},
        {"loss at QoS 0", unacknowledged_run(), "lost", "count==0", "nothing is acknowledged here"},
        {"no answer at all", silent, "response", "min<1h", "none of 50 was answered"},
        {"no samples", silent, "service", "max<1h", "no samples"},
        {"nothing generated", silent, "cached", "rate<1", "nothing was generated"},
        {"no server of ours", silent, "server.rss_bytes", "value<1TB", "not measured"},
        {"no wire figures", silent, "bytes_sent", "value<1TB", "not measured"},
        {"no ledger: latency", blind, "end_to_end", "p(50)<1h",
         "the target has no record of what arrived: name its admin endpoint with --ledger, or run against the embedded "
         "server"},
        {"no ledger: loss", blind, "lost", "count==0",
         "the target has no record of what arrived: name its admin endpoint with --ledger, or run against the embedded "
         "server"},
        {"no ledger: copies", blind, "duplicated", "count==0",
         "the target has no record of what arrived: name its admin endpoint with --ledger, or run against the embedded "
         "server"},
    };
    for (const auto& row : rows) {
        const auto threshold = judged(row.run, row.metric, row.expression);
        EXPECT_FALSE(threshold.passed) << row.what;
        EXPECT_FALSE(threshold.observed) << row.what;
        EXPECT_EQ(threshold.reason, row.reason) << row.what;
    }
}

TEST(Figures, AnswerForEveryMetricOfAStage) {
    const auto run = staged_run();
    std::size_t known = 0;
    for (const auto& metric : gate::metrics()) {
        const auto tagged = metric.name + "{stage:steady}";
        if (metric.reach != gate::Reach::stages) {
            EXPECT_FALSE(gate::check_threshold(tagged, "count>=0").empty());
            continue;
        }
        ++known;
        const auto* aggregate = metric.kind == gate::Kind::latency   ? "max"
                                : metric.kind == gate::Kind::counter ? "count"
                                                                     : "value";
        EXPECT_TRUE(figure(run, tagged.c_str(), aggregate)) << metric.name;
    }
    EXPECT_EQ(known, 4U + 12 + 3);
    EXPECT_EQ(figure(run, "lost{stage:peak}", "count"), 7);
    EXPECT_EQ(figure(run, "lost{stage:3}", "count"), 7);
    EXPECT_EQ(figure(run, "lost{stage:2}", "count"), 0);
    EXPECT_EQ(figure(run, "undelivered{stage:peak}", "rate"), 60.0 / 15'000);
    EXPECT_EQ(figure(run, "due_per_s{stage:steady}", "value"), 2'000);
    EXPECT_EQ(judged(run, "response{stage:peak}", "p(95)<50ms").metric, "response{stage:peak}");
    EXPECT_EQ(judged(run, "response{stage:peak}", "p(95)<50ms").reason, run.thresholds[1].reason);
    EXPECT_EQ(figure(run, "response{stage:peak}", "p(95)"), run.thresholds[1].observed);
    EXPECT_EQ(figure(run, "response", "p(95)"), run.thresholds[0].observed);
}

TEST(Figures, OfAStageFailClosedAndSayWhy) {
    auto run = staged_run();
    EXPECT_EQ(judged(run, "response{stage:peak}", "max<1h").reason, "unknown: 100 never answered");
    run.phases[2].latency.end_to_end.reset();
    run.phases[2].counts.duplicated.reset();
    EXPECT_EQ(judged(run, "end_to_end{stage:peak}", "p(50)<1h").reason, "the server does not tell it by due time");
    EXPECT_EQ(judged(run, "duplicated{stage:peak}", "count==0").reason, "the server does not tell it by due time");
    forget_ledger(run);
    EXPECT_EQ(judged(run, "end_to_end{stage:peak}", "p(50)<1h").reason,
              "the target has no record of what arrived: name its admin endpoint with --ledger, or run against the "
              "embedded server");
    EXPECT_EQ(judged(run, "duplicated{stage:peak}", "count==0").reason,
              "the target has no record of what arrived: name its admin endpoint with --ledger, or run against the "
              "embedded server");
    run.phases[1] = stage_of("steady", 1, 1);  // this stage was never reached
    EXPECT_FALSE(judged(run, "due_per_s{stage:steady}", "value>=0").passed);
    EXPECT_EQ(judged(run, "cached{stage:steady}", "rate<1").reason, "nothing was generated");
    EXPECT_FALSE(judged(run, "cached{stage:noon}", "count==0").passed);
}

TEST(Figures, KnowWhichStagesThereAre) {
    const auto problems_of = [](const RunReport& run, const char* metric) {
        const auto problems = unknown_stages(run, {*gate::parse_threshold(metric, "count==0")});
        return problems.empty() ? std::string{} : format_problem(problems.front());
    };
    EXPECT_EQ(problems_of(staged_run(), "lost{stage:peak}"), "");
    EXPECT_EQ(problems_of(staged_run(), "lost"), "");
    EXPECT_EQ(problems_of(staged_run(), "lost{stage:peek}"),
              "lost{stage:peek}: count==0: there is no stage \"peek\" (did you mean \"peak\"? allowed: warm-up, "
              "steady, peak, or 1 to 3)");
    EXPECT_THAT(problems_of(healthy_run(), "lost{stage:peak}"), ::testing::HasSubstr("no figures of stages"));
    EXPECT_EQ(problems_of(healthy_run(), "lost"), "");
}

TEST(Figures, KeepPercentilesThatLieBelowTheUnanswered) {
    EXPECT_TRUE(judged(troubled_run(), "response", "p(50)<1s").passed);
    EXPECT_TRUE(judged(troubled_run(), "response", "min<1s").passed);
    EXPECT_FALSE(judged(troubled_run(), "response", "p(50)<1us").passed);
}

}  // namespace
}  // namespace portillon::report
