#include "run/due_counter.h"

#include <gmock/gmock.h>

#include "base/random.h"

namespace portillon::run {
namespace {

using arrival::Kind;
using ::testing::ElementsAre;

scenario::Scenario scenario_of(Kind kind) {
    scenario::Scenario scenario;
    scenario.lot().fleet = {.equipments = 9, .start = plan::StartBySteps{2, 1500ms}};
    scenario.lot().traffic.arrival = {.kind = kind, .burst_size = 5};
    scenario.lot().traffic.stages = {
        {3s, Rate{4}}, {4s, Rate{20}, scenario::Shape::ramp}, {2s, Rate{0}}, {5s, Rate{7}}};
    return scenario;
}

std::vector<fleet::Generated> generated_by(const scenario::Scenario& scenario) {
    std::vector<fleet::Generated> generated;
    for (std::uint32_t id = 1; id <= scenario.lot().fleet.equipments; ++id) {
        generated.push_back({EquipmentId{id}, 24, {4, 10 + id, 0, 10 - id}});
    }
    return generated;
}

// The segment of each validation of one equipment, from the first on.
std::vector<std::uint32_t> segments_of_each(const scenario::Scenario& scenario, const plan::Segments& segments,
                                            const fleet::Generated& generated) {
    std::vector<std::uint32_t> of_each;
    const auto schedule = schedule_of(scenario);
    if (scenario.lot().traffic.arrival.kind == Kind::closed) {
        for (std::uint32_t i = 0; i < generated.by_segment.size(); ++i) {
            of_each.insert(of_each.end(), generated.by_segment[i], i);
        }
        return of_each;
    }
    for (auto cursor =
             schedule.begin(generated.equipment, plan::start_of(scenario.lot().fleet.start, generated.equipment));
         !cursor.ended(); schedule.advance(cursor)) {
        of_each.push_back(segments.at(cursor.due(), 0));
    }
    return of_each;
}

TEST(DueCounter, AgreesWithEveryDueTimeByItself) {
    Random random(3);
    for (const auto kind : {Kind::periodic, Kind::poisson, Kind::burst, Kind::closed}) {
        const auto scenario = scenario_of(kind);
        const plan::Segments segments(stages_of(scenario.lot().traffic));
        const auto generated = generated_by(scenario);
        std::vector<Range> ranges;
        std::vector<std::uint64_t> expected(segments.size());
        for (const auto& one : generated) {
            const auto of_each = segments_of_each(scenario, segments, one);
            for (Sequence first = 1 + random.next() % 3; first <= of_each.size();) {
                const Sequence last = std::min<Sequence>(first + random.next() % 40, of_each.size());
                ranges.push_back({one.equipment, first, last});
                for (Sequence sequence = first; sequence <= last; ++sequence) {
                    ++expected[of_each[sequence - 1]];
                }
                first = last + 2 + random.next() % 5;
            }
        }
        DueCounter counter(scenario, segments, generated);
        EXPECT_EQ(counter.count(ranges), expected) << scenario::name_of(kind);
        EXPECT_EQ(counter.count({}), std::vector<std::uint64_t>(segments.size())) << scenario::name_of(kind);
        EXPECT_EQ(counter.count(ranges), expected) << "again";
        EXPECT_GT(expected[1], 100U);
        EXPECT_EQ(expected[2], 0U);
    }
}

TEST(DueCounter, GivesUpRatherThanKeepTheUserWaiting) {
    const auto scenario = scenario_of(Kind::poisson);
    const plan::Segments segments(stages_of(scenario.lot().traffic));
    const std::vector<fleet::Generated> none;
    const std::vector<Range> ranges{{EquipmentId{1}, 1, 50}, {EquipmentId{2}, 1, 50}};
    EXPECT_TRUE(DueCounter(scenario, segments, none, 1'000).count(ranges));
    EXPECT_FALSE(DueCounter(scenario, segments, none, 100).count(ranges));
    const auto even = scenario_of(Kind::periodic);
    EXPECT_TRUE(DueCounter(even, segments, none, 100).count(ranges));
    EXPECT_FALSE(DueCounter(even, segments, none, 2).count(ranges));
}

TEST(DueCounter, CountsWhatLiesBeyondTheScheduleIntoTheLastSegment) {
    const auto scenario = scenario_of(Kind::periodic);
    const plan::Segments segments(stages_of(scenario.lot().traffic));
    const std::vector<fleet::Generated> none;
    EXPECT_THAT(*DueCounter(scenario, segments, none).count(std::vector<Range>{{EquipmentId{1}, 1'000'000, 1'000'004}}),
                ElementsAre(0, 0, 0, 5));
}

}  // namespace
}  // namespace portillon::run
