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
        {"tally.generated", [](RunReport& run) { ++run.tally.cached; }},
        {"tally.generated", [](RunReport& run) { ++run.tally.rejected; }},
        {"tally.generated", [](RunReport& run) { ++run.tally.discarded; }},
        {"tally.generated", [](RunReport& run) { ++run.tally.unacknowledged; }},
        {"delivery.undelivered", [](RunReport& run) { ++*run.delivery.undelivered; }},
        {"delivery.lost", [](RunReport& run) { ++*run.delivery.lost; }},
        {"delivery.lost", [](RunReport& run) { --*run.delivery.unconfirmed; }},
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
        {{"phases.2.generated", "phases"}, [](RunReport& run) { ++run.phases[2].cached; }},
        {{"phases.2.undelivered", "phases"}, [](RunReport& run) { ++*run.phases[2].undelivered; }},
        {{"phases.2.lost", "phases"}, [](RunReport& run) { ++*run.phases[2].lost; }},
        {{"phases.2.lost"}, [](RunReport& run) { ++*run.phases[2].unconfirmed; }},
        {{"phases"}, [](RunReport& run) { ++*run.phases[2].duplicated; }},
        {{"phases"}, [](RunReport& run) { ++*run.phases[2].reordered; }},
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
    run.ledger.reset();
    run.delivery = {};
    EXPECT_TRUE(check_identities(run).empty());
}

}  // namespace
}  // namespace portillon::report
