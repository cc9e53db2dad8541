#include "report/entrants.h"

#include <gmock/gmock.h>

#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> names_of(const Comparison& comparison) {
    std::vector<std::string> names;
    for (const auto& entrant : entrants_of(comparison)) {
        names.push_back(entrant.name);
    }
    return names;
}

TEST(Entrants, AreNamedByWhatTellsThemApart) {
    EXPECT_THAT(names_of(sample_comparison()), ElementsAre("mqtt", "mqtt QoS 0", "http2"));
    EXPECT_THAT(names_of(sample_duel()), ElementsAre("base mqtt", "cand mqtt", "base http2", "cand http2"));
    Comparison duel;
    duel.runs = {{1, 1, healthy_run(), "base"}, {1, 2, healthy_run(), "cand"}};
    EXPECT_THAT(names_of(duel), ElementsAre("base", "cand"));
    duel.runs = {{1, 1, healthy_run()}, {1, 2, healthy_run()}};
    duel.runs[1].run.target = "mqtt://127.0.0.1:1883";
    EXPECT_THAT(names_of(duel), ElementsAre("mqtt at embedded", "mqtt at mqtt://127.0.0.1:1883"));
}

TEST(Entrants, StandInTheOrderInWhichTheyFirstRan) {
    Comparison comparison;
    auto http2 = healthy_run();
    http2.protocol = "http2";
    comparison.runs = {{2, 1, http2}, {1, 2, http2}, {1, 1, healthy_run()}};
    const auto entrants = entrants_of(comparison);
    EXPECT_THAT(names_of(comparison), ElementsAre("mqtt", "http2"));
    EXPECT_THAT(entrants[1].runs, ElementsAre(&comparison.runs[1].run, &comparison.runs[0].run));
}

TEST(Entrants, MakeNamesForFiles) {
    EXPECT_EQ(file_name_of({"cand mqtt QoS 0 at http://[::1]:80/", {}}), "cand-mqtt-qos-0-at-http-1-80");
}

}  // namespace
}  // namespace portillon::report
