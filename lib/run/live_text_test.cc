#include "run/live_text.h"

#include <gmock/gmock.h>

#include "run/timeline.h"

namespace portillon::run {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Live sample() {
    Live live;
    live.phase = Phase::running;
    live.elapsed = 12s;
    live.planned = 30s;
    live.left = 18s;
    live.stage = "peak";
    live.faults = {"fault 2 cut, 8 s left"};
    live.equipments = 1'000;
    live.connected = 998;
    live.in_flight = 3;
    live.cached = 120;
    live.errors = 2;
    live.unanswered = 123;
    live.counts.rejected = 7;
    live.counts.retries = 4;
    live.generated_per_s = 10'000;
    live.acknowledged_per_s = 9'874;
    live.response_p50 = 284us;
    live.response_p95 = 4180us;
    live.response_p99 = 61ms;
    return live;
}

TEST(LiveText, FitsEveryWidth) {
    const auto live = sample();
    EXPECT_THAT(
        format_live_lines(live, "2/6 http2", 200),
        ElementsAre("2/6 http2 | running 12/30 s | peak | [########------------] | 18 s left | fault 2 cut, 8 s left",
                    "connected 998/1,000 | due 10,000/s, answered 9,874/s | valid so far",
                    "P50 284 us, P95 4.18 ms, P99 61.0 ms | 3 in flight | 120 cached | 123 unanswered | 2 errors | "
                    "7 rejected | 4 retries"));
    EXPECT_THAT(
        format_live_lines(live, "2/6 http2", 130),
        ElementsAre("2/6 http2 | running 12/30 s | peak | [########------------] | 18 s left | fault 2 cut, 8 s left",
                    "connected 998/1,000 | due 10,000/s, answered 9,874/s | valid so far",
                    "P50 284 us, P95 4.18 ms, P99 61.0 ms | 3 in flight | 120 cached | 123 unanswered | 2 errors | "
                    "7 rejected | 4 retries"));
    EXPECT_THAT(format_live_lines(live, "2/6 http2", 80),
                ElementsAre("running 12/30 s | peak | [####------] | 18 s left | fault 2 cut, 8 s left",
                            "connected 998/1,000 | due 10,000/s, answered 9,874/s | valid so far",
                            "P50 284 us, P95 4.18 ms, P99 61.0 ms | 3 in flight | 123 unanswered | 2 errors"));
    EXPECT_THAT(format_live_lines(live, "2/6 http2", 40),
                ElementsAre("running 12/30 s | peak | 18 s left", "due 10,000/s, answered 9,874/s",
                            "P50 284 us, P95 4.18 ms, P99 61.0 ms"));
    EXPECT_THAT(format_live_lines(live, "", 20),
                ElementsAre("running 12/30 s", "due 10,000/s, ...", "P50 284 us, P95 ..."));
}

TEST(LiveText, GivesTheReasonALineOfItsOwn) {
    auto live = sample();
    live.faults.clear();
    live.verdict = {Measurement::suspect, {"the machine's processors were 97 % busy: timers may have been late"}};
    const auto lines = format_live_lines(live, "", 60);
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(lines[1], "connected 998/1,000 | due 10,000/s, answered 9,874/s");
    EXPECT_EQ(lines[3], "SUSPECT so far: the machine's processors were 97 % busy: ...");
}

TEST(LiveText, SaysLittleWhereThereIsLittle) {
    Live live;
    live.phase = Phase::closing;
    EXPECT_THAT(format_live_lines(live, "2/6 http2", 80), ElementsAre("2/6 http2 | closing"));
    live.phase = Phase::draining;
    live.planned = 30s;
    live.left = 27s;
    live.elapsed = 33s;
    EXPECT_EQ(format_live_lines(live, "", 80).front(), "draining 33 s | [#---------] | at most 27 s left");
    EXPECT_EQ(format_live_lines(live, "", 80).back(), "P50 -, P95 -, P99 - | 0 in flight | 0 cached | no answers");
}

TEST(LiveText, NeverLetsNamesControlTheTerminal) {
    auto live = sample();
    live.stage = "\x1b[2J";
    live.faults = {"fault 1 command é\n"};
    EXPECT_EQ(format_live_lines(live, "", 200).front(),
              "running 12/30 s | \\x1b[2J | [########------------] | 18 s left | fault 1 command é\\n");
}

TEST(LiveText, OfALogIsOneLine) {
    EXPECT_EQ(
        format_live(sample()),
        "running 12/30 s, valid so far, 998 connected, 9,874 of 10,000/s, P50 284 us P95 4.18 ms P99 61.0 ms, 3 in "
        "flight, 120 cached, 123 unanswered, 2 errors, 7 rejected, 4 retries");
}

TEST(Timeline, NamesTheStage) {
    scenario::Scenario scenario;
    auto& stages = scenario.lot().traffic.stages;
    stages = {{.duration = 5s, .rate = Rate{1}, .measure = arrival::Measure::off, .name = "warm-up"},
              {.duration = 10s, .rate = Rate{1}}};
    EXPECT_EQ(stage_at(scenario, 0s), "warm-up, not measured");
    EXPECT_EQ(stage_at(scenario, 5s), "stage 2");
    EXPECT_EQ(stage_at(scenario, 15s), "");
    stages = {{.duration = 5s, .rate = Rate{1}}};
    EXPECT_EQ(stage_at(scenario, 1s), "") << "there is nothing to tell apart";
}

TEST(Timeline, NamesTheFaultsThatAreOn) {
    scenario::Scenario scenario;
    scenario.faults = {{.kind = faults::Kind::latency, .at = 2s, .during = 10s, .delay = 50ms},
                       {.kind = faults::Kind::reset, .at = 4s},
                       {.kind = faults::Kind::command, .at = 20s, .during = 5s, .run = "stop", .until = "start"}};
    EXPECT_THAT(faults_at(scenario, 1s), IsEmpty());
    EXPECT_THAT(faults_at(scenario, 5s), ElementsAre("fault 1 latency 50ms, 7 s left", "fault 2 reset"));
    EXPECT_THAT(faults_at(scenario, 21s), ElementsAre("fault 3 command stop, then start, 4 s left"));
    EXPECT_THAT(faults_at(scenario, 25s), IsEmpty());
}

}  // namespace
}  // namespace portillon::run
