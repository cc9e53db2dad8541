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

gate::Figure of(double value) {
    return {value, {}};
}

TEST(Spread, IsTheMedianAndTheRange) {
    const gate::Figure never{std::nullopt, "among the 3 never answered", "never"};
    const gate::Figure unknown{std::nullopt, "not measured"};
    struct Row {
        std::vector<gate::Figure> figures;
        const char* median;
        const char* range;
    };
    const Row rows[] = {
        {{}, "-", ""},
        {{of(5'000)}, "5.00 ms", ""},
        {{of(5'000), of(7'000)}, "6.00 ms", "5.00-7.00 ms"},
        {{of(105'000), of(700), of(800), of(850), of(600)}, "800 us", "600 us-105 ms"},
        {{of(1'000), of(4'000), of(2'000), of(3'000)}, "2.50 ms", "1.00-4.00 ms"},
        {{of(1'000), never, of(2'000)}, "2.00 ms", "1.00 ms-never"},
        {{of(1'000), never}, "never", "1.00 ms-never"},
        {{never, never, of(1'000)}, "never", "1.00 ms-never"},
        {{never, never}, "never", "never"},
        {{unknown, unknown}, "-", ""},
        {{unknown, of(1'000), of(3'000)}, "2.00 ms", "1.00-3.00 ms"},
        {{of(2'000), of(2'000)}, "2.00 ms", "2.00 ms"},
    };
    for (const auto& row : rows) {
        const auto spread = spread_of(row.figures);
        EXPECT_EQ(median_text(spread, gate::Kind::latency), row.median);
        EXPECT_EQ(range_text(spread, gate::Kind::latency), row.range);
    }
}

TEST(Entrants, AddUpCountsAndTakeMediansOfCosts) {
    Comparison comparison;
    comparison.repeats = 4;
    for (unsigned repeat = 1; repeat <= 4; ++repeat) {
        auto run = healthy_run();
        run.counts.lost = repeat == 2 ? 5 : 0;
        run.resources.server->cpu_us_per_validation = repeat == 2 ? 100 : repeat;
        comparison.runs.push_back({repeat, 1, run});
    }
    comparison.runs[3].run.verdict = {.measurement = Measurement::invalid, .reasons = {"late"}};
    const auto entrant = entrants_of(comparison).front();
    const auto whole = entrant.whole();
    EXPECT_EQ(*whole.counts.generated, 3 * *healthy_run().counts.generated);
    EXPECT_EQ(whole.counts.lost, 5U);
    EXPECT_EQ(whole.resources.server->cpu_us_per_validation, 3);
    EXPECT_EQ(entrant.verdict_text(), "3 of 4 valid");
    EXPECT_EQ(entrant.counting().size(), 3U);
    comparison.runs[1].run.verdict.measurement = Measurement::suspect;
    EXPECT_EQ(entrants_of(comparison).front().verdict_text(), "suspect, 3 of 4 valid");
    comparison.runs.resize(1);
    EXPECT_EQ(entrants_of(comparison).front().verdict_text(), "suspect, 1 of 4 valid");
    comparison.repeats = 0;
    EXPECT_EQ(entrants_of(comparison).front().verdict_text(), "valid");
}

TEST(Entrants, MakeNamesForFiles) {
    EXPECT_EQ(file_name_of({"cand mqtt QoS 0 at http://[::1]:80/", {}}), "cand-mqtt-qos-0-at-http-1-80");
}

}  // namespace
}  // namespace portillon::report
