#include "gate/threshold.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace portillon::gate {
namespace {

using ::testing::HasSubstr;

TEST(Threshold, ReadsK6sSyntax) {
    struct Row {
        const char* metric;
        const char* expression;
        Aggregate aggregate;
        double percent;
        Comparison comparison;
        double bound;
    };
    const Row rows[] = {
        {"response", "p(95)<50ms", Aggregate::percentile, 95, Comparison::less, 50'000},
        {"response", "p(99.9)<=200ms", Aggregate::percentile, 99.9, Comparison::at_most, 200'000},
        {"response", "p(95)<50", Aggregate::percentile, 95, Comparison::less, 50'000},
        {"response", "p(95) < 0.5", Aggregate::percentile, 95, Comparison::less, 500},
        {"response", "  p( 50 )  >=  1.5s ", Aggregate::percentile, 50, Comparison::at_least, 1'500'000},
        {"end_to_end", "avg<10ms", Aggregate::avg, 0, Comparison::less, 10'000},
        {"connect", "med>250us", Aggregate::med, 0, Comparison::greater, 250},
        {"service", "min>=1us", Aggregate::min, 0, Comparison::at_least, 1},
        {"generator_lag", "max<1m", Aggregate::max, 0, Comparison::less, 60e6},
        {"lost", "count==0", Aggregate::count, 0, Comparison::equal, 0},
        {"lost", "count===0", Aggregate::count, 0, Comparison::equal, 0},
        {"generated", "count!=0", Aggregate::count, 0, Comparison::not_equal, 0},
        {"undelivered", "rate<0.01", Aggregate::rate, 0, Comparison::less, 0.01},
        {"delivered_per_s", "value>1000", Aggregate::value, 0, Comparison::greater, 1000},
        {"generator.cpu_us_per_validation", "value<7.5", Aggregate::value, 0, Comparison::less, 7.5},
        {"server.rss_bytes", "value<=2GB", Aggregate::value, 0, Comparison::at_most, 2e9},
        {"server.rss_bytes", "value<64KiB", Aggregate::value, 0, Comparison::less, 65'536},
        {"bytes_per_validation", "value<150.5", Aggregate::value, 0, Comparison::less, 150.5},
    };
    for (const auto& row : rows) {
        const auto threshold = parse_threshold(row.metric, row.expression);
        ASSERT_TRUE(threshold) << row.expression;
        EXPECT_EQ(threshold->metric.name, row.metric);
        EXPECT_EQ(threshold->aggregate, row.aggregate) << row.expression;
        EXPECT_EQ(threshold->percent, row.percent) << row.expression;
        EXPECT_EQ(threshold->comparison, row.comparison) << row.expression;
        EXPECT_DOUBLE_EQ(threshold->bound, row.bound) << row.expression;
        EXPECT_TRUE(check_threshold(row.metric, row.expression).empty());
    }
}

TEST(Threshold, SaysWhatIsWrongAndWhatIsAllowed) {
    struct Row {
        const char* metric;
        const char* expression;
        const char* message;
    };
    const Row rows[] = {
        {"reponse", "p(95)<50ms", "unknown metric \"reponse\" (did you mean \"response\"? allowed: response, service"},
        {"zzz", "p(95)<50ms", "unknown metric \"zzz\" (allowed: response"},
        {"rss_bytes", "value<1", "did you mean \"generator.rss_bytes\" or \"server.rss_bytes\"?"},
        {"response", "", "\"\" compares nothing (allowed: AGGREGATE OPERATOR BOUND as in p(95)<50ms"},
        {"response", "p(95)", "compares nothing"},
        {"response", "p(95)=50ms", "compares nothing"},
        {"lost", "0", "as in count==0"},
        {"response", "p(101)<50ms", "\"p(101)\" is not a percentile (allowed: p(0) to p(100)"},
        {"response", "p(-1)<50ms", "not a percentile"},
        {"response", "p(x)<50ms", "not a percentile"},
        {"response", "p()<50ms", "not a percentile"},
        {"response", "p95<50ms", "unknown aggregate \"p95\" (allowed for response: p(N), avg, min, med, max)"},
        {"lost", "<5", "unknown aggregate \"\" (allowed for lost: count, rate)"},
        {"lost", "p(95)<50ms", "\"p(95)\" does not fit lost (allowed: count, rate)"},
        {"response", "count<5", "\"count\" does not fit response (allowed: p(N), avg, min, med, max)"},
        {"due_per_s", "rate<5", "does not fit due_per_s (allowed: value)"},
        {"response", "p(95)<50 parsecs",
         "\"50 parsecs\" is not a bound for response (allowed: a duration such as 50ms"},
        {"response", "p(95)<", "\"\" is not a bound"},
        {"response", "p(95)<<5ms", "\"<5ms\" is not a bound"},
        {"response", "p(95)<nan", "is not a bound"},
        {"response", "p(95)<inf", "is not a bound"},
        {"lost", "count==0ms", "\"0ms\" is not a bound for lost (allowed: a number)"},
        {"lost", "count==1e999", "is not a bound"},
        {"server.rss_bytes", "value<2XB", "(allowed: a size such as 500kB or 2GB"},
        {"server.rss_bytes", "value<2s", "(allowed: a size such as 500kB or 2GB"},
    };
    for (const auto& row : rows) {
        const auto problems = check_threshold(row.metric, row.expression);
        ASSERT_FALSE(problems.empty()) << row.metric << ' ' << row.expression;
        EXPECT_THAT(problems.front().message, HasSubstr(row.message)) << row.expression;
        EXPECT_TRUE(problems.front().source.empty());
    }
    for (const auto& row : {
             Row{"response{peak}", "p(95)<50ms",
                 "\"response{peak}\" has no tag that can be read (allowed: METRIC{stage"},
             Row{"response{stage:peak", "p(95)<50ms", "has no tag that can be read"},
             Row{"response{stage:}", "p(95)<50ms", "\"response{stage:}\" names no stage"},
             Row{"response{scenario:peak}", "p(95)<50ms", "unknown tag \"scenario\""},
             Row{"connect{stage:peak}", "p(95)<50ms",
                 "connect is not known of each stage (allowed with a stage: response, service, lateness, end_to_end"},
             Row{"server.rss_bytes{stage:2}", "value<2GB", "server.rss_bytes is not known of each stage"},
             Row{"reponse{stage:peak}", "p(95)<50ms", "unknown metric \"reponse\" (did you mean \"response\"?"},
         }) {
        const auto problems = check_threshold(row.metric, row.expression);
        ASSERT_EQ(problems.size(), 1U) << row.metric;
        EXPECT_THAT(problems.front().message, HasSubstr(row.message)) << row.metric;
    }
    EXPECT_EQ(check_threshold("reponse", "p95<1").size(), 2U) << "both the metric and the expression are wrong";
}

TEST(Threshold, MaySpeakOfOneStage) {
    for (const char* text : {"response{stage:peak}: p(95)<50ms", " response { stage : peak } :p(95)<50ms"}) {
        const auto threshold = parse_cli_threshold(text);
        ASSERT_TRUE(threshold) << text;
        EXPECT_EQ(threshold->metric.name, "response");
        EXPECT_EQ(threshold->stage, "peak");
        EXPECT_EQ(threshold->expression, "p(95)<50ms");
        EXPECT_EQ(threshold->text(), "response{stage:peak}: p(95)<50ms");
    }
    EXPECT_EQ(parse_threshold("lost{stage:stage 2}", "count==0")->stage, "stage 2");
    EXPECT_TRUE(parse_threshold("lost", "count==0")->stage.empty());
    const auto open = parse_cli_threshold("response{stage:peak");
    ASSERT_FALSE(open);
    EXPECT_THAT(open.problems().front().message, HasSubstr("names no metric"));
    EXPECT_EQ(find_metric("response{stage:peak}")->name, "response");
}

TEST(Threshold, TakesTheNamesOfK6AndSaysOurs) {
    EXPECT_EQ(parse_threshold("http_req_duration", "p(95)<50")->text(), "response: p(95)<50");
    EXPECT_EQ(parse_threshold("http_req_failed", "rate<0.01")->text(), "errors: rate<0.01");
    EXPECT_EQ(parse_threshold("checks", "rate>0.99")->text(), "acknowledged: rate>0.99");
    EXPECT_EQ(parse_threshold("iterations", "count>100")->text(), "acknowledged: count>100");
    EXPECT_EQ(parse_threshold("http_req_duration{stage:peak}", "max<1s")->text(), "response{stage:peak}: max<1s");
    // k6 counts it by the second.
    const auto rate = parse_threshold("iterations", " rate > 100");
    EXPECT_EQ(rate->text(), "acknowledged_per_s: value > 100");
    EXPECT_EQ(rate->bound, 100);
    EXPECT_EQ(parse_threshold(rate->metric_text(), rate->expression)->text(), rate->text());
}

TEST(Threshold, FindsAStageByItsNameOrNumber) {
    const std::vector<std::string> names{"warm-up", "peak", "stage 3"};
    EXPECT_EQ(place_of_stage(names, "peak"), 1U);
    EXPECT_EQ(place_of_stage(names, "stage 3"), 2U);
    EXPECT_EQ(place_of_stage(names, "1"), 0U);
    EXPECT_EQ(place_of_stage(names, "3"), 2U);
    for (const char* nobody : {"", "0", "4", "-1", "Peak", "1x", "99999999999999999999"}) {
        EXPECT_FALSE(place_of_stage(names, nobody)) << nobody;
    }
    EXPECT_EQ(unknown_stage(names, "peek"),
              "there is no stage \"peek\" (did you mean \"peak\"? allowed: warm-up, peak, stage 3, or 1 to 3)");
    EXPECT_EQ(unknown_stage(names, "7"), "there is no stage \"7\" (allowed: warm-up, peak, stage 3, or 1 to 3)");
}

TEST(Threshold, ReadsTheOptionOfTheCommandLine) {
    for (const char* text : {"response: p(95)<50ms", "response:p(95)<50ms", " response : p(95) < 50ms "}) {
        const auto threshold = parse_cli_threshold(text);
        ASSERT_TRUE(threshold) << text;
        EXPECT_EQ(threshold->metric.name, "response");
        EXPECT_EQ(threshold->bound, 50'000);
    }
    EXPECT_EQ(parse_cli_threshold("lost:count==0")->text(), "lost: count==0");

    const auto bare = parse_cli_threshold("p(95)<50ms");
    ASSERT_FALSE(bare);
    EXPECT_THAT(format_problem(bare.problems().front()), HasSubstr("--threshold: \"p(95)<50ms\" names no metric"));
    const auto unknown = parse_cli_threshold("respnse: p(95)<50ms");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(format_problem(unknown.problems().front()),
                HasSubstr("--threshold: respnse: p(95)<50ms: unknown metric \"respnse\" (did you mean \"response\"?"));
}

Judgement judged(const char* metric, const char* expression, Figure figure) {
    return judge(*parse_threshold(metric, expression), [&figure](const Threshold&) { return figure; });
}

TEST(Threshold, JudgesEveryComparisonOnBothSidesOfItsBound) {
    struct Row {
        const char* expression;
        bool below, at, above;
    };
    const Row rows[] = {{"count<5", true, false, false},  {"count<=5", true, true, false},
                        {"count>5", false, false, true},  {"count>=5", false, true, true},
                        {"count==5", false, true, false}, {"count!=5", true, false, true}};
    for (const auto& row : rows) {
        EXPECT_EQ(judged("lost", row.expression, {4.0, {}}).outcome == Outcome::passed, row.below) << row.expression;
        EXPECT_EQ(judged("lost", row.expression, {5.0, {}}).outcome == Outcome::passed, row.at) << row.expression;
        EXPECT_EQ(judged("lost", row.expression, {6.0, {}}).outcome == Outcome::passed, row.above) << row.expression;
    }
}

TEST(Threshold, NeverPassesWithoutData) {
    for (const char* expression :
         {"p(95)<50ms", "p(95)<=50ms", "p(95)>50ms", "p(95)>=50ms", "p(95)==50ms", "p(95)!=50ms"}) {
        const auto absent = judged("response", expression, {std::nullopt, "MQTT QoS 0 has no acknowledgement"});
        EXPECT_EQ(absent.outcome, Outcome::no_data) << expression;
        EXPECT_EQ(absent.reason, "MQTT QoS 0 has no acknowledgement");
        EXPECT_FALSE(absent.observed);
        const auto nan = judged("response", expression, {std::numeric_limits<double>::quiet_NaN(), {}});
        EXPECT_EQ(nan.outcome, Outcome::no_data) << expression;
        EXPECT_EQ(nan.reason, "no data");
        EXPECT_EQ(judged("response", expression, {std::numeric_limits<double>::infinity(), {}}).outcome,
                  Outcome::no_data);
    }
}

TEST(Threshold, IsBreachedForGoodOnlyWhenItCannotComeToHoldAnyMore) {
    struct Row {
        const char* metric;
        const char* expression;
        double observed;
        bool for_good;
    };
    const Row rows[] = {
        // Figures that only grow: an upper bound once passed stays passed, a lower one may still be reached.
        {"rejected", "count==0", 1, true},
        {"rejected", "count<5", 5, true},
        {"rejected", "count<=5", 5, false},
        {"acknowledged", "count>100", 3, false},
        {"acknowledged", "count>=100", 99, false},
        {"acknowledged", "count==100", 99, false},
        {"acknowledged", "count==100", 101, true},
        {"acknowledged", "count!=100", 100, false},
        {"response", "max<50ms", 60'000, true},
        {"response", "max>50ms", 40'000, false},
        // Figures that only fall.
        {"response", "min>=1ms", 900, true},
        {"response", "min<1ms", 2'000, false},
        {"response", "min==1ms", 900, true},
        {"response", "min==1ms", 2'000, false},
        // Figures that move both ways are judged as they are now, except for equality.
        {"response", "p(95)<50ms", 60'000, true},
        {"response", "med>50ms", 40'000, true},
        {"response", "avg==50ms", 40'000, false},
        {"rejected", "rate<0.01", 0.02, true},
        {"acknowledged", "rate>0.99", 0.5, true},
        {"rejected", "rate==0", 0.001, true},
        {"rejected", "rate==0.5", 0.001, false},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(is_breached_for_good(*parse_threshold(row.metric, row.expression), row.observed), row.for_good)
            << row.metric << ": " << row.expression << " at " << row.observed;
    }
    EXPECT_FALSE(can_be_breached_early(*parse_threshold("acknowledged", "count>100")));
    EXPECT_TRUE(can_be_breached_early(*parse_threshold("acknowledged", "count==100")));
}

TEST(Threshold, HasDefaultsThatAreMarked) {
    ASSERT_EQ(default_thresholds().size(), 4U);
    for (const auto& threshold : default_thresholds()) {
        EXPECT_EQ(threshold.origin, Origin::by_default);
        EXPECT_EQ(threshold.expression, "count==0");
    }
    EXPECT_EQ(parse_threshold("lost", "count==0")->origin, Origin::written);
}

TEST(Threshold, SaysWhatWasObservedWhenBreached) {
    EXPECT_EQ(judged("response", "p(95)<50ms", {61'234.0, {}}).reason, "observed 61.2 ms");
    EXPECT_EQ(judged("lost", "count==0", {137.0, {}}).reason, "observed 137");
    EXPECT_EQ(judged("lost", "rate<0.001", {0.00137, {}}).reason, "observed 0.00137");
    EXPECT_EQ(judged("server.rss_bytes", "value<1GB", {2.5e9, {}}).reason, "observed 2.50 GB");
    EXPECT_TRUE(judged("lost", "count==0", {0.0, {}}).reason.empty());
}

}  // namespace
}  // namespace portillon::gate
