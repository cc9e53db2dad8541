#include "report/markdown.h"

#include <gmock/gmock.h>

#include "report/gold.h"
#include "report/markdown_text.h"
#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(Markdown, SaysALineForEachFault) {
    const auto text = run_markdown(faulty_run());
    EXPECT_THAT(text,
                HasSubstr("- mqtt: 1 cut, at 2 s to 3 s, 21 equipments: back to normal after 1.5 s (a P95 of response "
                          "within 100 ms, usually 40.0 ms); "));
    EXPECT_THAT(text,
                HasSubstr("- mqtt: 2 stall, at 4 s to 5 s, on the server: not seen back to normal: nothing was "));
    EXPECT_THAT(run_markdown(healthy_run()), Not(HasSubstr("Faults")));
}

TEST(MarkdownText, ShowsWhatMarkdownWouldTakeForItself) {
    EXPECT_EQ(escaped_markdown("a|b `c` *d* [e](f) <g> & ~h~ #1 $x$"),
              "a\\|b \\`c\\` \\*d\\* \\[e\\](f) &lt;g&gt; &amp; \\~h\\~ \\#&#8203;1 \\$x\\$");
    EXPECT_EQ(escaped_markdown("generator_lag _x_ a\nb\\"), "generator_lag \\_x\\_ a b\\\\");
    EXPECT_EQ(escaped_markdown("aéééé", 4), "aé…");
}

TEST(MarkdownText, FencesCodeThatHoldsFences) {
    EXPECT_EQ(markdown_code("a|b"), "`a\\|b`");
    EXPECT_EQ(markdown_code("`a``b`"), "``` `a``b` ```");
    EXPECT_EQ(markdown_block("json", "x ``` y"), "````json\nx ``` y\n````\n");
}

TEST(Markdown, TellsARun) {
    expect_gold("run.md", run_markdown(healthy_run()));
}
TEST(Markdown, TellsATroubledRun) {
    expect_gold("run_troubled.md", run_markdown(troubled_run()));
}
TEST(Markdown, TellsTheStagesOfARun) {
    expect_gold("run_staged.md", run_markdown(staged_run()));
}
TEST(Markdown, TellsAComparison) {
    expect_gold("comparison.md", comparison_markdown(sample_comparison()));
}
TEST(Markdown, TellsWhatChangedBetweenTwoTargets) {
    expect_gold("duel.md", comparison_markdown(sample_duel()));
}
TEST(Markdown, TellsADiff) {
    const Report duel = sample_duel();
    const auto changed = diff(duel, "base", "cand");
    ASSERT_TRUE(changed);
    expect_gold("diff.md", diff_markdown(*changed));
}

TEST(Markdown, BeginsWithTheVerdict) {
    EXPECT_THAT(run_markdown(healthy_run()), StartsWith("**passed**: "));
    EXPECT_THAT(run_markdown(troubled_run()), StartsWith("**NOT TO BE TRUSTED**: "));
    EXPECT_THAT(run_markdown(unacknowledged_run()), StartsWith("**FAILED**: "));
    EXPECT_THAT(comparison_markdown(sample_duel()), StartsWith("**WORSE**: "));
    auto run = healthy_run();
    run.thresholds.clear();
    EXPECT_THAT(run_markdown(run), StartsWith("**measured**: "));
    run.counts.connects = 0;
    EXPECT_THAT(run_markdown(run), AllOf(StartsWith("**FAILED**: "), HasSubstr("no equipment could connect")));
    EXPECT_THAT(comparison_markdown({}), StartsWith("**NO RUN**: "));
}

TEST(Markdown, DoesNotCompareWhatWasNeverReached) {
    auto duel = sample_duel();
    duel.runs[1].run.counts.connects = 0;
    EXPECT_THAT(comparison_markdown(duel),
                AllOf(StartsWith("**FAILED**: cand is not compared with base: no equipment could connect to cand"),
                      Not(HasSubstr("WORSE"))));
}

TEST(Markdown, SaysWhatIsNotKnown) {
    auto run = healthy_run();
    forget_ledger(run);
    run.delivery = {};
    run.latency.end_to_end.reset();
    EXPECT_THAT(run_markdown(run), HasSubstr("what arrived is not known"));
    EXPECT_THAT(run_markdown(unacknowledged_run()), HasSubstr("no data: nothing is acknowledged here"));
}

TEST(Markdown, LetsNothingInAReportBecomeMarkup) {
    auto run = troubled_run();
    run.scenario.name = "<img src=x>|`x`";
    run.scenario.resolved = R"({"name":"</details>```"})";
    run.target = "mqtt://<b>|";
    run.context.cpu_model = "<script>";
    run.verdict.reasons = {"a | b </details> `c`"};
    run.errors = {{"deliver.<i>|", 3}};
    run.command = {"portillon", "run", "</details>|`"};
    const auto text = run_markdown(run);
    for (const char* raw : {"<img", "<b>", "<script", "<i>", "| b <"}) {
        EXPECT_THAT(text, Not(HasSubstr(raw)));
    }
    EXPECT_THAT(text, HasSubstr("````json"));
}

TEST(Markdown, FitsIntoAComment) {
    auto run = troubled_run();
    const std::string long_text(2'000, 'x');
    run.delivery.exceptions.assign(most_exceptions, {4'000'000'000, 1'000'000'000, 2'000'000'000, State::undelivered});
    run.verdict.reasons.assign(50, long_text);
    run.errors.clear();
    for (int i = 0; i < 200; ++i) {
        run.errors[std::to_string(i) + long_text] = 1;
        run.thresholds.push_back({.metric = "response" + std::to_string(i),
                                  .expression = long_text,
                                  .observed = std::nullopt,
                                  .passed = false,
                                  .reason = long_text});
    }
    run.scenario.resolved = R"({"name":")" + std::string(100'000, 'x') + "\"}";
    Comparison comparison{.scenario = run.scenario, .command = {long_text}, .runs = {}};
    for (unsigned repeat = 1; repeat <= 3; ++repeat) {
        comparison.runs.push_back({repeat, 1, run, "base"});
        comparison.runs.push_back({repeat, 2, run, "cand" + std::to_string(repeat)});
    }
    for (const auto& text : {run_markdown(run), comparison_markdown(comparison)}) {
        EXPECT_THAT(text, SizeIs(Le(most_markdown_characters)));
        EXPECT_THAT(text, HasSubstr("Left out, because"));
        EXPECT_THAT(text, HasSubstr("more.\n"));
    }
    EXPECT_THAT(run_markdown(troubled_run()), HasSubstr("…and 1,234 more."));
}

}  // namespace
}  // namespace portillon::report
