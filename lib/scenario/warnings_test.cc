#include "scenario/warnings.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "scenario/parse.h"
#include "scenario/shipped_protocols.h"
#include "scenario/trace.h"

namespace portillon::scenario {
namespace {

using ::testing::HasSubstr;

std::string warned(const std::string& more, const std::string& traffic = "stages: [ { duration: 10s, rate: 2/s } ]",
                   const std::string& fleet = "equipments: 3") {
    const auto text = "fleet: { " + fleet + " }\ntraffic: { " + traffic + " }\n" + more;
    auto scenario = parse(text, "a.yaml", {}, shipped_protocols());
    EXPECT_TRUE(scenario) << text << (scenario ? "" : format_problem(scenario.problems().front()));
    if (scenario && !scenario->lot().traffic.trace_file.empty()) {
        EXPECT_TRUE(attach_trace(*scenario, "seconds,equipment\n1,1\n20,2\n", "t.csv").empty());
    }
    std::string lines;
    for (const auto& problem : scenario ? warnings_of(*scenario) : Problems{}) {
        lines += format_problem(problem) + "\n";
    }
    return lines;
}

TEST(Warnings, SayWhatHasNoEffect) {
    struct Row {
        const char* more;
        const char* warning;
    };
    const Row rows[] = {
        {"faults: [ { at: 10s, for: 1s, kind: stall } ]\n", "faults.0: begins at 10s, after the end of the traffic"},
        {"faults: [ { at: 50s, kind: lose, count: 3 } ]\n", "faults.0: begins at 50s, after the end of the traffic"},
        {"faults: [ { at: 50s, kind: reset } ]\n", "faults.0: begins at 50s, after the end of the traffic"},
        {"faults: [ { at: 5s, for: 6s, kind: stall } ]\n", "faults.0: lasts until 11s, beyond the end of the traffic"},
        {"faults: [ { at: 5s, for: 6s, kind: cut } ]\n", "faults.0: lasts until 11s, beyond the end of the traffic"},
        {"faults: [ { at: 5s, for: 60s, kind: cut } ]\n", "faults.0: ends at 65s, after the drain at 40s"},
        {"faults: [ { at: 5s, for: 1s, kind: cut, equipments: [2, 9] } ]\n",
         "faults.0.equipments: ends at 9, but the fleet has 3"},
        {"faults: [ { at: 5s, for: 1s, kind: cut, share: 0.01% } ]\n", "faults.0: hits no equipment: 0.01% of 3"},
        {"protocol: http2\nfaults: [ { at: 5s, kind: half_open } ]\n",
         "faults.0: goes unnoticed by http2 without keepalive"},
        {"faults: [ { at: 1s, for: 2s, every: 2s, kind: reset } ]\n",
         "faults.0.every: 2s is not shorter than for (2s): it happens but once"},
        {"faults: [ { at: 1s, for: 2s, every: 3s, kind: goaway } ]\n",
         "faults.0.every: 3s is not shorter than for (2s): it happens but once"},
        {"delivery: { batch: { linger: 1s } }\n", "delivery.batch.linger: has no effect with batch.max 1"},
        {"delivery: { breaker: { open: 3s } }\n", "delivery.breaker.open: has no effect without breaker.failures"},
        {"thresholds: { acknowledged: [ { threshold: 'count>100', abortOnFail: true } ] }\n",
         "thresholds.acknowledged: abortOnFail has no effect on count>100"},
        {"thresholds: { response: [ { threshold: 'p(95)<1s', abortOnFail: true, delayAbortEval: 10s } ] }\n",
         "thresholds.response: abortOnFail has no effect: delayAbortEval 10s is not before the end"},
    };
    for (const auto& row : rows) {
        EXPECT_THAT(warned(row.more), HasSubstr(row.warning)) << row.more;
    }
    EXPECT_THAT(warned("", "arrival: closed, stages: [ { duration: 10s, rate: 2/s } ]"),
                HasSubstr("traffic.stages.0: closed arrivals ignore the rates"));
    const char* trace = "arrival: { kind: trace, file: t.csv }, stages: [ { duration: 10s, rate: 2/s } ]";
    EXPECT_THAT(warned("", trace), HasSubstr("traffic.stages.0: the rate has no effect: the trace says"));
    EXPECT_THAT(warned("", trace), HasSubstr("traffic.arrival: 1 of the trace's 2 rows lie after the end"));
    EXPECT_THAT(warned("", "stages: [ { duration: 10s, rate: 0/s } ]"), HasSubstr("every rate is 0"));
    EXPECT_THAT(warned("", "stages: [ { duration: 10s, rate: 1/s } ]", "equipments: 3, start: { step: 1, every: 5s }"),
                HasSubstr("before the last equipment starts at 10s: 1 of 3"));
    EXPECT_THAT(
        warned("", "stages: [ { duration: 10s, rate: 1/s } ]", "equipments: 30, start: { rate: 1/s, within: 5s }"),
        HasSubstr("takes 30 s"));
}

TEST(Warnings, SayNothingOfWhatHasItsEffect) {
    EXPECT_EQ(warned(""), "");
    EXPECT_EQ(
        warned("faults: [ { at: 5s, for: 5s, kind: stall }, { at: 9s, kind: reset },\n"
               " { at: 1s, for: 2s, every: 1s, kind: reset } ]\n"
               "delivery: { batch: { max: 2, linger: 1s }, breaker: { failures: 2, open: 3s } }\n"
               "thresholds: { response: [ { threshold: 'p(95)<1s', abortOnFail: true, delayAbortEval: 9s } ] }\n"),
        "");
    EXPECT_EQ(warned("", "arrival: closed, stages: [ { duration: 10s } ]"), "");
}

TEST(Warnings, HaveNothingToSayOfTheShippedScenarios) {
    for (const auto& entry : std::filesystem::directory_iterator(PORTILLON_SOURCE_DIR "/scenarios")) {
        if (entry.path().extension() != ".yaml") {
            continue;
        }
        const auto name = entry.path().filename().string();
        const auto scenario = parse(read_source("scenarios/" + name), name, {}, shipped_protocols());
        ASSERT_TRUE(scenario) << name;
        for (const auto& problem : warnings_of(*scenario)) {
            ADD_FAILURE() << name << ": " << format_problem(problem);
        }
    }
}

}  // namespace
}  // namespace portillon::scenario
