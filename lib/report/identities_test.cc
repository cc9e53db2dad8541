#include "report/identities.h"

#include <gmock/gmock.h>

#include "report/samples.h"

namespace portillon::report {
namespace {

TEST(Identities, HoldInBalancedBooks) {
    for (const auto& run : {healthy_run(), troubled_run(), unacknowledged_run(), staged_run(), RunReport{}}) {
        EXPECT_TRUE(check_identities(run).empty());
    }
}

TEST(Identities, NameTheFigureThatDoesNotFit) {
    struct Row {
        const char* key;
        void (*spoil)(RunReport&);
    };
    const Row rows[] = {
        {"tally.generated", [](RunReport& run) { ++*run.counts.cached; }},
        {"tally.generated", [](RunReport& run) { ++*run.counts.rejected; }},
        {"tally.generated", [](RunReport& run) { ++*run.counts.discarded; }},
        {"tally.generated", [](RunReport& run) { ++*run.counts.unacknowledged; }},
        {"delivery.undelivered", [](RunReport& run) { ++*run.counts.undelivered; }},
        {"delivery.lost", [](RunReport& run) { ++*run.counts.lost; }},
        {"delivery.lost", [](RunReport& run) { --*run.counts.unconfirmed; }},
    };
    for (const auto& row : rows) {
        auto run = troubled_run();
        row.spoil(run);
        const auto problems = check_identities(run);
        ASSERT_EQ(problems.size(), 1U) << row.key;
        EXPECT_EQ(problems.front().key, row.key);
    }
}

TEST(Identities, HoldForEveryPhaseAndForAllStages) {
    struct Row {
        std::vector<const char*> keys;
        void (*spoil)(RunReport&);
    };
    const Row rows[] = {
        {{"phases.2.generated", "phases"}, [](RunReport& run) { ++*run.phases[2].counts.cached; }},
        {{"phases.2.undelivered", "phases"}, [](RunReport& run) { ++*run.phases[2].counts.undelivered; }},
        {{"phases.2.lost", "phases"}, [](RunReport& run) { ++*run.phases[2].counts.lost; }},
        {{"phases.2.lost"}, [](RunReport& run) { ++*run.phases[2].counts.unconfirmed; }},
        {{"phases"}, [](RunReport& run) { ++*run.phases[2].counts.duplicated; }},
        {{"phases"}, [](RunReport& run) { ++*run.phases[2].counts.reordered; }},
        {{"phases.1.latency.response"}, [](RunReport& run) { ++run.phases[1].latency.response->unanswered; }},
        {{"phases"}, [](RunReport& run) { run.phases[1].latency.lateness->histogram.record(1ms); }},
        {{"phases"}, [](RunReport& run) { run.phases[1].latency.service->histogram.record(1ms); }},
        {{"phases"}, [](RunReport& run) { ++run.latency.response->unanswered; }},
        {{"phases", "phases", "phases", "phases"}, [](RunReport& run) { run.phases[0].measured = true; }},
    };
    for (const auto& row : rows) {
        auto run = staged_run();
        row.spoil(run);
        std::vector<std::string> keys;
        for (const auto& problem : check_identities(run)) {
            keys.push_back(problem.key);
        }
        EXPECT_THAT(keys, ::testing::ElementsAreArray(row.keys));
    }
}

TEST(Identities, AskNothingOfPhasesThatAreNotStages) {
    auto run = staged_run();
    run.phases.push_back(run.phases.back());
    run.phases.back().kind = "during";
    EXPECT_TRUE(check_identities(run).empty());
}

TEST(Identities, AskNothingOfALedgerThatIsNotThere) {
    auto run = healthy_run();
    forget_ledger(run);
    run.delivery = {};
    EXPECT_TRUE(check_identities(run).empty());
}

}  // namespace
}  // namespace portillon::report
