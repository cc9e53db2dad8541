#include "report/account.h"

#include <gmock/gmock.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Known all_well() {
    return {.runs = 1,
            .equipments = 200,
            .unaccounted = 0,
            .complete = true,
            .embedded = true,
            .balanced = true,
            .acknowledges = true,
            .counts = {.generated = 1'200,
                       .acknowledged = 1'200,
                       .delivered = 1'200,
                       .duplicated = 0,
                       .reordered = 0,
                       .unexpected = 0,
                       .lost = 0,
                       .undelivered = 0,
                       .unconfirmed = 0}};
}

template <class Change>
Known with(Change change) {
    auto known = all_well();
    change(known);
    return known;
}

const char* const lost_process =
    " unaccounted for: the generator process was lost, and with it what was generated there and what became of it. The "
    "rest tells of the others only.";

TEST(Account, SaysWhatIsKnownAndNoMore) {
    struct Row {
        const char* what;
        Known known;
        std::vector<std::string> sentences;
    };
    const Row rows[] = {
        {"all is well", all_well(), {"Every validation arrived, once and in order."}},
        {"a generator was killed",
         with([](Known& k) { k.unaccounted = 100; }),
         {std::string("100 equipments are") + lost_process,
          "Every validation of the other equipments arrived, once and in order."}},
        {"that of one equipment",
         with([](Known& k) { k.unaccounted = 1; }),
         {std::string("1 equipment is") + lost_process,
          "Every validation of the other equipments arrived, once and in order."}},
        {"an earlier report of it",
         with([](Known& k) { k.unaccounted.reset(); }),
         {std::string("Some equipments are") + lost_process,
          "Every validation of the other equipments arrived, once and in order."}},
        {"all generators were killed",
         with([](Known& k) {
             k.unaccounted = 200;
             k.counts.generated = k.counts.acknowledged = 0;
             account::set(k.counts, account::Section::ledger, {});
         }),
         {"No equipment is accounted for: every generator process was lost, and with it all that its equipments "
          "generated."}},
        {"a generator was killed, the others idle",
         with([](Known& k) {
             k.unaccounted = 100;
             k.counts.generated = k.counts.acknowledged = 0;
         }),
         {std::string("100 equipments are") + lost_process, "Nothing was generated, so there is nothing to judge."}},
        {"interrupted",
         with([](Known& k) { k.complete = false; }),
         {"Every validation that was due before the run was ended arrived, once and in order."}},
        {"interrupted and a generator killed",
         with([](Known& k) {
             k.complete = false;
             k.unaccounted = 2;
         }),
         {std::string("2 equipments are") + lost_process,
          "Every validation of the other equipments that was due before the run was ended arrived, once and in "
          "order."}},
        {"QoS 0",
         with([](Known& k) {
             k.acknowledges = false;
             k.counts.acknowledged = 0;
             k.counts.lost.reset();
             k.counts.unconfirmed = 1'200;
         }),
         {"Every validation arrived, once and in order.",
          "Nothing is acknowledged, so nothing can be lost against a promise."}},
        {"QoS 0 with a hole",
         with([](Known& k) {
             k.acknowledges = false;
             k.counts.lost.reset();
             k.counts.undelivered = 3;
         }),
         {"3 validations were generated and never arrived.",
          "Nothing is acknowledged, so nothing can be lost against a promise."}},
        {"a foreign target",
         with([](Known& k) {
             forget_ledger(k);
             k.counts.lost = k.counts.undelivered = k.counts.unconfirmed = std::nullopt;
             k.embedded = false;
         }),
         {"The target has no record: what arrived is not known.", "Every validation was acknowledged."}},
        {"a foreign target that answered some",
         with([](Known& k) {
             forget_ledger(k);
             k.counts.lost = k.counts.undelivered = k.counts.unconfirmed = std::nullopt;
             k.embedded = false;
             k.counts.acknowledged = 1'100;
         }),
         {"The target has no record: what arrived is not known.", "1,100 of 1,200 validations were acknowledged."}},
        {"a foreign target at QoS 0",
         with([](Known& k) {
             forget_ledger(k);
             k.counts.lost = k.counts.undelivered = k.counts.unconfirmed = std::nullopt;
             k.embedded = false;
             k.acknowledges = false;
         }),
         {"The target has no record: what arrived is not known.", "Nothing is acknowledged either."}},
        {"the server died",
         with([](Known& k) {
             forget_ledger(k);
             k.counts.lost = k.counts.undelivered = k.counts.unconfirmed = std::nullopt;
         }),
         {"The server's record could not be read: what arrived is not known.", "Every validation was acknowledged."}},
        {"nothing generated",
         with([](Known& k) {
             k.counts.generated = k.counts.acknowledged = 0;
             account::set(k.counts, account::Section::ledger, {});
         }),
         {"Nothing was generated, so there is nothing to judge."}},
        {"nothing generated, no ledger",
         with([](Known& k) {
             k.counts.generated = k.counts.acknowledged = 0;
             forget_ledger(k);
         }),
         {"Nothing was generated, so there is nothing to judge."}},
        {"nothing generated, something came",
         with([](Known& k) {
             k.counts.generated = k.counts.acknowledged = 0;
             account::set(k.counts, account::Section::ledger,
                          {.delivered = 0, .duplicated = 0, .reordered = 0, .unexpected = 2});
         }),
         {"Nothing was generated, so there is nothing to judge.", "2 arrived that nobody sent like this."}},
        {"everything at once",
         with([](Known& k) {
             k.counts.lost = 1;
             k.counts.undelivered = 3;
             k.counts.unconfirmed = 5;
             account::set(k.counts, account::Section::ledger,
                          {.delivered = 1'197, .duplicated = 1, .reordered = 2, .unexpected = 4});
         }),
         {"1 validation was acknowledged and then LOST: the server broke its promise.",
          "3 validations were generated and never arrived.", "1 more copy arrived of what had arrived before.",
          "2 arrived after a later one of their equipment.", "4 arrived that nobody sent like this.",
          "5 arrived without their equipments knowing."}},
        {"arrived, but not all know",
         with([](Known& k) { k.counts.unconfirmed = 1; }),
         {"Every validation arrived, once and in order.", "1 arrived without its equipment knowing."}},
        {"not reconciled",
         with([](Known& k) { k.counts.lost = k.counts.undelivered = k.counts.unconfirmed = std::nullopt; }),
         {"The server's record was not compared with what was generated: what is missing is not known.",
          "Whether any acknowledged one was lost is not known."}},
        {"unbalanced",
         with([](Known& k) { k.balanced = false; }),
         {"The delivery account does not add up, so that none of this is certain."}},
        {"no run", Known{}, {"No run came to an end: nothing is known."}},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(account_of(row.known), row.sentences) << row.what;
    }
}

// Tries all combinations: the sentences never claim what is not known.
TEST(Account, NeverClaimsWhatIsNotKnown) {
    for (unsigned bits = 0; bits < 1U << 12; ++bits) {
        const auto is = [bits](unsigned place) { return (bits >> place & 1U) != 0; };
        const auto known = with([&](Known& k) {
            k.unaccounted = is(0)   ? std::optional<Count>(is(1) ? 200 : 7)
                            : is(1) ? std::nullopt
                                    : std::optional<Count>(0);
            k.complete = !is(2);
            k.embedded = !is(3);
            k.balanced = !is(4);
            k.acknowledges = !is(5);
            k.counts.generated = is(6) ? 0 : 1'200;
            k.counts.acknowledged = is(6) ? 0 : 1'200;
            if (is(7)) {
                forget_ledger(k);
            } else if (is(8)) {
                k.counts.duplicated = 1;
            } else if (is(9)) {
                k.counts.reordered = 1;
            }
            k.counts.undelivered = is(10)   ? std::optional<Count>(is(11) ? 4 : 0)
                                   : is(11) ? std::nullopt
                                            : std::optional<Count>(0);
            k.counts.lost = is(5) || !k.counts.undelivered || is(7) ? std::nullopt : std::optional<Count>(0);
        });
        const auto text = fmt::format("{}", fmt::join(account_of(known), " "));
        SCOPED_TRACE(fmt::format("{:012b}: {}", bits, text));
        ASSERT_FALSE(text.empty());
        const bool arrived = text.find("arrived, once and in order") != std::string::npos;
        const bool may = known.counts.delivered && known.counts.undelivered == 0U && known.balanced &&
                         known.counts.generated > 0 && *known.counts.duplicated == 0 && *known.counts.reordered == 0 &&
                         known.unaccounted != 200U;
        EXPECT_EQ(arrived, may);
        // "Every validation arrived", without a restriction, is a claim about the whole fleet and the whole run.
        const bool of_all = known.unaccounted == 0U && known.complete;
        if (text.find("Every validation arrived") != std::string::npos ||
            text.find("Every validation was") != std::string::npos) {
            EXPECT_TRUE(of_all);
        }
        EXPECT_EQ(text.find("accounted for") != std::string::npos, known.unaccounted != 0U);
        if (!known.counts.delivered && known.counts.generated > 0 && known.unaccounted != 200U) {
            EXPECT_THAT(text, HasSubstr("what arrived is not known"));
        }
        if (!known.acknowledges) {
            EXPECT_THAT(text, Not(HasSubstr("was acknowledged")));
        }
    }
}

TEST(Account, OfRepeatsAddsUpAndKnowsAsLittleAsTheRunThatKnowsLeast) {
    const auto healthy = healthy_run();
    auto killed = healthy_run();
    killed.counts.unaccounted = 100;
    auto blind = healthy_run();
    forget_ledger(blind);
    blind.delivery = {};
    EXPECT_EQ(known_of({&healthy, &killed}).counts.generated, 2 * *healthy.counts.generated);
    EXPECT_THAT(account_of(known_of({&healthy, &killed})),
                ElementsAre(StartsWith("100 equipments are unaccounted for"),
                            "Every validation of the other equipments arrived, once and in order."));
    EXPECT_THAT(account_of(known_of({&healthy, &blind})),
                ElementsAre(HasSubstr("what arrived is not known"), "Every validation was acknowledged."));
}

TEST(Account, OfAnEarlierReportReadsTheLostProcessFromItsVerdict) {
    auto run = healthy_run();
    run.verdict = {.measurement = Measurement::invalid,
                   .reasons = {"a process was lost: generator shard 2 (pid 4711) killed by signal 9, and with it "
                               "equipments 501 to 1000"}};
    EXPECT_THAT(account_of(run), ElementsAre(StartsWith("Some equipments are unaccounted for"),
                                             "Every validation of the other equipments arrived, once and in order."));
    run.verdict.reasons = {"a process was lost: server shard 1 (pid 4712) killed by signal 9"};
    EXPECT_THAT(account_of(run), ElementsAre("Every validation arrived, once and in order."));
}

}  // namespace
}  // namespace portillon::report
