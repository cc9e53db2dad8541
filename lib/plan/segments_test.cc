#include "plan/segments.h"

#include <gmock/gmock.h>

namespace portillon::plan {
namespace {

using arrival::Measure;
using ::testing::ElementsAre;

arrival::Stages three_stages() {
    return arrival::Stages({{.duration = 2s, .rate_from = 1, .rate_to = 1, .measure = Measure::off},
                            {.duration = 3s, .rate_from = 1, .rate_to = 5},
                            {.duration = 1s}});
}

TEST(Segments, AreTheStages) {
    const Segments segments(three_stages());
    EXPECT_THAT(segments.list(), ElementsAre(Segment{0s, 2s, 0, Measure::off}, Segment{2s, 5s, 1}, Segment{5s, 6s, 2}));
    EXPECT_EQ(Segments(arrival::Stages({})).size(), 0u);
}

TEST(Segments, AreCutWhereAsked) {
    const Segments segments(three_stages(), {3s, 5500ms, 1s, 3s, 5s, -1s, 0s, 6s, 7s});
    EXPECT_THAT(segments.list(),
                ElementsAre(Segment{0s, 1s, 0, Measure::off}, Segment{1s, 2s, 0, Measure::off}, Segment{2s, 3s, 1},
                            Segment{3s, 5s, 1}, Segment{5s, 5500ms, 2}, Segment{5500ms, 6s, 2}));
}

TEST(Segments, AreFoundFromWherever) {
    const Segments segments(three_stages());
    struct Row {
        Nanos due;
        std::uint32_t at;
    };
    for (const auto& [due, at] : {Row{-1ns, 0}, Row{0s, 0}, Row{2s - 1ns, 0}, Row{2s, 1}, Row{5s - 1ns, 1}, Row{5s, 2},
                                  Row{6s - 1ns, 2}, Row{6s, 2}, Row{1h, 2}}) {
        for (std::uint32_t near = 0; near < 3; ++near) {
            EXPECT_EQ(segments.at(due, near), at) << due.count() << " from " << near;
        }
    }
}

}  // namespace
}  // namespace portillon::plan
