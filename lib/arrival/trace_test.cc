#include "arrival/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arrival/schedule.h"

namespace portillon::arrival {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Nanos> of(const Trace& trace, std::uint32_t equipment) {
    const auto dues = trace.of(EquipmentId{equipment});
    return {dues.begin(), dues.end()};
}

Schedule schedule_of(const std::string& text, std::vector<Stage> stages, std::uint32_t equipments = 3) {
    auto trace = parse_trace(text, "t.csv", equipments);
    EXPECT_TRUE(trace);
    return {{Kind::trace, 1, std::make_shared<const Trace>(std::move(*trace))}, Stages(std::move(stages)), 1};
}

TEST(Trace, ReadsSecondsToTheNanosecond) {
    const auto trace = parse_trace("31536000.000000001,1\n0.25,1\n.5,1\n7,1\n1.1234567899,1\n", "t.csv", 1);
    ASSERT_TRUE(trace);
    EXPECT_THAT(of(*trace, 1), ElementsAre(250ms, 500ms, 1123456789ns, 7s, 31536000s + 1ns));
    EXPECT_EQ(trace->last(), 31536000s + 1ns);
}

TEST(Trace, PassesOverHeadersCommentsAndEmptyLines) {
    for (const char* text : {"seconds,equipment\n1,2\n", "\xEF\xBB\xBFseconds\r\n\r\n1 , 2\r\n", "# a day\n1,2",
                             "seconds , equipment\n# x\n 1,2"}) {
        const auto trace = parse_trace(text, "t.csv", 2);
        ASSERT_TRUE(trace) << text;
        EXPECT_THAT(of(*trace, 1), IsEmpty()) << text;
        EXPECT_THAT(of(*trace, 2), ElementsAre(1s)) << text;
    }
}

TEST(Trace, DealsRowsWithoutAnEquipmentOutInOrderOfTime) {
    const auto trace = parse_trace("4\n1\n3\n2\n2.5,2\n", "t.csv", 3);
    ASSERT_TRUE(trace);
    EXPECT_THAT(of(*trace, 1), ElementsAre(1s, 4s));
    EXPECT_THAT(of(*trace, 2), ElementsAre(2s, 2500ms));
    EXPECT_THAT(of(*trace, 3), ElementsAre(3s));
    EXPECT_EQ(trace->size(), 5U);
    EXPECT_EQ(trace->busiest(), 2U);
    EXPECT_EQ(trace->count_from(2500ms), 3U);
    EXPECT_EQ(trace->busiest_second().from, 2s);
    EXPECT_EQ(trace->busiest_second().count, 2U);
}

TEST(Trace, NamesEveryWrongLine) {
    const auto trace =
        parse_trace("seconds,equipment\n1,1\nsoon,1\n-1,1\n2,4\n2,0\n2,x\n1e3,1\n99999999999,1\nseconds\n", "t.csv", 3);
    ASSERT_FALSE(trace);
    std::vector<int> lines;
    for (const auto& problem : trace.problems()) {
        lines.push_back(problem.line);
        EXPECT_EQ(problem.source, "t.csv");
        EXPECT_THAT(problem.message, HasSubstr("allowed"));
    }
    EXPECT_THAT(lines, ElementsAre(3, 4, 5, 6, 7, 8, 9, 10));
}

TEST(Trace, StopsNamingLinesAfterTwenty) {
    std::string text;
    for (int i = 0; i < 50; ++i) {
        text += "wrong\n";
    }
    const auto trace = parse_trace(text, "t.csv", 1);
    ASSERT_FALSE(trace);
    ASSERT_EQ(trace.problems().size(), 21U);
    EXPECT_EQ(trace.problems().back().message, "30 more lines are wrong");
}

TEST(Trace, RefusesOneWithoutRows) {
    for (const char* text : {"", "\n\n", "seconds,equipment\n", "# nothing"}) {
        EXPECT_FALSE(parse_trace(text, "t.csv", 1)) << text;
    }
}

TEST(Trace, IsKnownByWhatIsDueWhen) {
    const auto print = [](const char* text, std::uint32_t equipments) {
        return parse_trace(text, "t.csv", equipments)->fingerprint();
    };
    EXPECT_EQ(print("1,1\n2,2\n", 2), print("seconds,equipment\n2,2\n1.0,1", 2));
    EXPECT_NE(print("1,1\n2,2\n", 2), print("1,1\n2,1\n", 2));
    EXPECT_NE(print("1,1\n2,2\n", 2), print("1,1\n2,2\n", 3));
    EXPECT_NE(print("1,1\n2,2\n", 2), print("1,1\n2.000000001,2\n", 2));
}

TEST(ScheduleOfATrace, FollowsTheRowsUntilTheLastStageEnds) {
    const auto schedule =
        schedule_of("0,1\n1,1\n1,1\n4,1\n5,1\n9,1\n3,2\n", {{2s, 0, 0, Measure::off}, {3s, 0, 0, Measure::on}});
    auto cursor = schedule.begin(EquipmentId{1}, 0s);
    std::vector<Nanos> dues;
    std::vector<Measure> measures;
    for (; !cursor.ended(); schedule.advance(cursor)) {
        EXPECT_EQ(cursor.sequence(), dues.size() + 1);
        dues.push_back(cursor.due());
        measures.push_back(schedule.measure(cursor));
    }
    EXPECT_THAT(dues, ElementsAre(0s, 1s, 1s, 4s));
    EXPECT_THAT(measures, ElementsAre(Measure::off, Measure::off, Measure::off, Measure::on));
    EXPECT_EQ(cursor.sequence(), 5U);
    EXPECT_EQ(schedule.planned_count(EquipmentId{1}, 0s), 4U);
    EXPECT_EQ(schedule.planned_count(EquipmentId{2}, 0s), 1U);
    EXPECT_EQ(schedule.planned_count(EquipmentId{3}, 0s), 0U);
    EXPECT_TRUE(schedule.begin(EquipmentId{3}, 0s).ended());
}

TEST(ScheduleOfATrace, BeginsWithTheFirstRowNotBeforeTheEquipmentsStart) {
    const auto schedule = schedule_of("0,1\n1,1\n2,1\n3,1\n", {{10s, 0, 0, Measure::on}});
    const auto cursor = schedule.begin(EquipmentId{1}, 1500ms);
    EXPECT_EQ(cursor.sequence(), 1U);
    EXPECT_EQ(cursor.due(), 2s);
    EXPECT_EQ(schedule.planned_count(EquipmentId{1}, 1500ms), 2U);
    EXPECT_EQ(schedule.count_before(EquipmentId{1}, 1500ms, 3s), 1U);
    EXPECT_EQ(schedule.count_before(EquipmentId{1}, 1500ms, 1s), 0U);
}

}  // namespace
}  // namespace portillon::arrival
