#include "scenario/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arrival/trace.h"
#include "scenario/parse.h"
#include "scenario/plan.h"
#include "scenario/resolved.h"

namespace portillon::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Checked<Scenario> parsed(const std::string& arrival) {
    static const std::vector<KnownProtocol> none;
    return parse("fleet: { equipments: 2 }\ntraffic:\n  arrival: " + arrival +
                     "\n  stages: [{ duration: 10s, measure: false }, { duration: 5s }]\n",
                 "day.yaml", {}, none);
}

TEST(TraceOfAScenario, LiesBesideItUnlessItsPathIsWhole) {
    const auto path = [](const std::string& file, const std::string& scenario_file) {
        Scenario scenario;
        scenario.lot().traffic.trace_file = file;
        return trace_path(scenario, scenario_file);
    };
    EXPECT_EQ(path("t.csv", "scenarios/day.yaml"), "scenarios/t.csv");
    EXPECT_EQ(path("t.csv", "day.yaml"), "t.csv");
    EXPECT_EQ(path("/data/t.csv", "scenarios/day.yaml"), "/data/t.csv");
}

TEST(TraceOfAScenario, NeedsAFileButNoRates) {
    const auto without = parsed("{ kind: trace }");
    ASSERT_FALSE(without);
    EXPECT_THAT(without.problems().front().message, HasSubstr("columns seconds[,equipment]"));
    const auto elsewhere = parsed("{ kind: closed, file: t.csv }");
    ASSERT_FALSE(elsewhere);
    EXPECT_THAT(elsewhere.problems().front().message, HasSubstr("with kind trace only"));

    auto scenario = parsed("{ kind: trace, file: t.csv }");
    ASSERT_TRUE(scenario) << format_problem(scenario.problems().front());
    EXPECT_EQ(attach_trace(*scenario, "1,3\n", "t.csv").front().line, 1);
    ASSERT_TRUE(attach_trace(*scenario, "1,1\n2,2\n12,2\n15,1\n", "t.csv").empty());
    const auto schedule = schedule_of(*scenario);
    EXPECT_EQ(schedule.planned_count(EquipmentId{1}, 0s), 1U);
    EXPECT_EQ(schedule.planned_count(EquipmentId{2}, 0s), 2U);
    const auto plan = scenario::plan(*scenario, 1, plan::Server::embedded, plan::Machine{20'000, 2, 28'000});
    EXPECT_EQ(plan.validations, 3U);
    EXPECT_EQ(plan.peak_per_s, 1);
    EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("1 of the trace's 4 rows")));
}

TEST(TraceOfAScenario, IsPartOfTheWorkloadByWhatItSays) {
    const auto digest = [](const std::string& file, const char* rows) {
        auto scenario = parsed("{ kind: trace, file: " + file + " }");
        EXPECT_TRUE(attach_trace(*scenario, rows, file).empty());
        return workload_digest(*scenario, 1);
    };
    EXPECT_EQ(digest("a.csv", "1,1\n2,2\n"), digest("b.csv", "# another name\n2,2\n1,1\n"));
    EXPECT_NE(digest("a.csv", "1,1\n2,2\n"), digest("a.csv", "1,1\n2,1\n"));
}

}  // namespace
}  // namespace portillon::scenario
