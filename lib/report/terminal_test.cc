#include "report/terminal.h"

#include <gmock/gmock.h>

#include <sstream>

#include "report/gold.h"
#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Terminal, SumsUpAHealthyRun) {
    expect_gold("summary_healthy.txt", summary(healthy_run(), Style::plain));
}
TEST(Terminal, SumsUpATroubledRun) {
    expect_gold("summary_troubled.txt", summary(troubled_run(), Style::plain));
}
TEST(Terminal, SumsUpARunWithoutAcknowledgements) {
    expect_gold("summary_unacknowledged.txt", summary(unacknowledged_run(), Style::plain));
}
TEST(Terminal, ColoursOnlyWhenAsked) {
    expect_gold("summary_troubled_coloured.txt", summary(troubled_run(), Style::coloured));
    EXPECT_THAT(summary(troubled_run(), Style::plain), Not(HasSubstr("\033")));
}

TEST(Terminal, KeepsWithinItsColumns) {
    for (const auto& run : {healthy_run(), troubled_run(), unacknowledged_run(), faulty_run(), RunReport{}}) {
        std::istringstream lines(summary(run, Style::plain));
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(line.size(), 100U) << line;
        }
    }
}

TEST(Terminal, SaysALineForEachFault) {
    expect_gold("summary_faulty.txt", summary(faulty_run(), Style::plain));
    EXPECT_THAT(summary(healthy_run(), Style::plain), Not(HasSubstr("faults")));
}

TEST(Terminal, SaysWhenItIsNotKnownWhatArrived) {
    auto run = healthy_run();
    forget_ledger(run);
    run.delivery = {};
    const auto text = summary(run, Style::plain);
    EXPECT_THAT(text, HasSubstr("The server's record could not be read: what arrived is not known."));
    EXPECT_THAT(text, Not(HasSubstr("Every validation arrived")));
    run.target = "http://127.0.0.1:8080";
    EXPECT_THAT(summary(run, Style::plain), HasSubstr("The target has no record: what arrived is not known."));
}

TEST(Terminal, PraisesNothingWhenNothingWasDue) {
    RunReport run;
    account::set(run.counts, account::Section::ledger, {});
    const auto text = summary(run, Style::plain);
    EXPECT_THAT(text, HasSubstr("Nothing was generated"));
    EXPECT_THAT(text, Not(HasSubstr("Every validation arrived")));
}

TEST(Terminal, NamesTheThresholdThatEndedARun) {
    auto run = healthy_run();
    run.verdict.complete = false;
    EXPECT_THAT(summary(run, Style::plain), HasSubstr("incomplete: the run was interrupted"));
    run.verdict.aborted_by = "response: p(95)<1us";
    EXPECT_THAT(summary(run, Style::plain), HasSubstr("incomplete: ended early by the threshold response: p(95)<1us"));
}

}  // namespace
}  // namespace portillon::report
