#include "report/identities.h"

#include <gmock/gmock.h>

#include "report/samples.h"

namespace portillon::report {
namespace {

TEST(Identities, HoldInBalancedBooks) {
    for (const auto& run : {healthy_run(), troubled_run(), unacknowledged_run(), RunReport{}}) {
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

TEST(Identities, AskNothingOfALedgerThatIsNotThere) {
    auto run = healthy_run();
    run.ledger.reset();
    run.delivery = {};
    EXPECT_TRUE(check_identities(run).empty());
}

}  // namespace
}  // namespace portillon::report
