#include "run/reconcile_report.h"

#include <gmock/gmock.h>

#include "report/json.h"
#include "report/samples.h"

namespace portillon::run {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A run of 10 validations, 5 of each equipment, all acknowledged but the last of equipment 2.
struct Subject {
    Subject() {
        auto& counts = run.counts;
        counts = account::nothing_counted();
        counts.generated = 10;
        counts.acknowledged = 9;
        counts.unacknowledged = 1;
        counts.equipments = counts.connected_max = counts.connects = 2;
        run.latency = {};
        run.latency.response = report::Latency{};
        run.phases.clear();
        run.delivery = {};
        run.verdict = {};
        run.thresholds = {{.metric = "lost",
                           .expression = "count==0",
                           .observed = {},
                           .passed = true,
                           .reason = "no ledger",
                           .origin = gate::Origin::by_default,
                           .skipped = true}};
    }

    report::RunReport run = report::healthy_run();
    account::GeneratorAccount account{{5, 5}, {{EquipmentId{2}, 5, 5}}};
};

// All but what is left out arrives once.
arrived::Findings arrived_without(const account::GeneratorAccount& account, const std::vector<account::Range>& left_out,
                                  const std::vector<account::Range>& more = {}) {
    arrived::Arrivals arrivals(account);
    for (std::uint32_t equipment = 1; equipment <= account.generated.size(); ++equipment) {
        for (Sequence sequence = 1; sequence <= account.generated[equipment - 1].value_or(0); ++sequence) {
            const bool left = std::any_of(left_out.begin(), left_out.end(), [&](const account::Range& range) {
                return range.equipment == EquipmentId{equipment} && range.first <= sequence && sequence <= range.last;
            });
            if (!left) {
                arrivals.add(EquipmentId{equipment}, sequence);
            }
        }
    }
    for (const auto& range : more) {
        arrivals.add(range.equipment, range.first);
    }
    return arrivals.findings();
}

std::string text_of(const report::Exceptional& each) {
    return std::to_string(each.equipment) + ":" + std::to_string(each.first) + "-" + std::to_string(each.last) + " " +
           name_of(each.state);
}

std::vector<std::string> named_in(const report::RunReport& run) {
    std::vector<std::string> named;
    for (const auto& each : run.delivery.exceptions) {
        named.push_back(text_of(each));
    }
    return named;
}

TEST(ReconcileReport, SaysThatEverythingArrived) {
    Subject subject;
    reconcile_report(subject.run, subject.account, arrived_without(subject.account, {}));
    const auto& counts = subject.run.counts;
    EXPECT_EQ(counts.delivered, 10u);
    EXPECT_EQ(counts.lost, 0u);
    EXPECT_EQ(counts.undelivered, 0u);
    EXPECT_EQ(counts.unconfirmed, 1u);
    EXPECT_EQ(counts.duplicated, 0u);
    EXPECT_EQ(counts.reordered, std::nullopt) << "an export has no order";
    EXPECT_THAT(named_in(subject.run), ElementsAre("2:5-5 unconfirmed"));
    EXPECT_TRUE(subject.run.thresholds[0].passed);
    EXPECT_FALSE(subject.run.thresholds[0].skipped);
    EXPECT_EQ(subject.run.thresholds[0].observed, 0);
}

TEST(ReconcileReport, NamesWhatWasLostDoubledAndUnexpected) {
    Subject subject;
    reconcile_report(subject.run, subject.account,
                     arrived_without(subject.account, {{EquipmentId{1}, 2, 3}, {EquipmentId{2}, 5, 5}},
                                     {{EquipmentId{1}, 5, 5}, {EquipmentId{2}, 6, 6}, {EquipmentId{3}, 1, 1}}));
    const auto& counts = subject.run.counts;
    EXPECT_EQ(counts.delivered, 7u);
    EXPECT_EQ(counts.lost, 2u);
    EXPECT_EQ(counts.undelivered, 3u);
    EXPECT_EQ(counts.unconfirmed, 0u);
    EXPECT_EQ(counts.duplicated, 1u);
    EXPECT_EQ(counts.unexpected, 2u);
    EXPECT_THAT(named_in(subject.run), ElementsAre("1:2-3 lost", "2:5-5 undelivered", "1:5-5 duplicated",
                                                   "2:6-6 unexpected", "3:1-1 unexpected"));
    EXPECT_FALSE(subject.run.thresholds[0].passed);
    EXPECT_EQ(subject.run.verdict.measurement, report::Measurement::valid);
}

TEST(ReconcileReport, CanBeRepeatedWithAFullerExport) {
    Subject subject;
    reconcile_report(subject.run, subject.account, arrived_without(subject.account, {{EquipmentId{1}, 1, 5}}));
    EXPECT_FALSE(subject.run.thresholds[0].passed);
    reconcile_report(subject.run, subject.account, arrived_without(subject.account, {{EquipmentId{2}, 5, 5}}));
    EXPECT_EQ(subject.run.counts.lost, 0u);
    EXPECT_THAT(named_in(subject.run), ElementsAre("2:5-5 undelivered"));
    EXPECT_TRUE(subject.run.thresholds[0].passed);
}

TEST(ReconcileReport, KnowsOfNoLossWhereNothingIsAcknowledged) {
    Subject subject;
    subject.run.latency.response.reset();
    subject.run.counts.acknowledged = 0;
    subject.run.counts.unacknowledged = 10;
    subject.account.unacknowledged = {{EquipmentId{1}, 1, 5}, {EquipmentId{2}, 1, 5}};
    reconcile_report(subject.run, subject.account, arrived_without(subject.account, {{EquipmentId{1}, 2, 2}}));
    EXPECT_EQ(subject.run.counts.lost, std::nullopt);
    EXPECT_EQ(subject.run.counts.undelivered, 1u);
    EXPECT_THAT(named_in(subject.run), ElementsAre("1:2-2 undelivered"));
}

TEST(ReconcileReport, LeavesTheThresholdFailedThatEndedTheRun) {
    Subject subject;
    subject.run.verdict.complete = false;
    subject.run.verdict.aborted_by = "undelivered: count<1";
    subject.run.thresholds = {
        {.metric = "undelivered", .expression = "count<1", .observed = {}, .passed = false, .reason = "it was"}};
    reconcile_report(subject.run, subject.account, arrived_without(subject.account, {}));
    EXPECT_FALSE(subject.run.thresholds[0].passed);
}

TEST(ReconcileReport, MakesAReportThatCanBeRead) {
    Subject subject;
    subject.run.target = "http://127.0.0.1:8080";
    subject.run.equipment_account = account::encode(subject.account);
    subject.run.latency.response = report::Latency{{}, 10};
    reconcile_report(subject.run, subject.account, arrived_without(subject.account, {{EquipmentId{1}, 2, 2}}));
    subject.run.reconciliation = report::Reconciliation{9, 4};
    const auto text = report::to_json(subject.run);
    const auto read = report::parse_report(text, "report.json");
    ASSERT_TRUE(read) << format_problem(read.problems().front());
    EXPECT_EQ(report::to_json(*read), text);
    EXPECT_EQ(std::get<report::RunReport>(*read).reconciliation->of_other_runs, 4u);
}

}  // namespace
}  // namespace portillon::run
