#include "scenario/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/resolved.h"
#include "scenario/shipped_protocols.h"

namespace portillon::scenario {
namespace {

using testing::HasSubstr;

Checked<Scenario> read(std::string_view text, const std::vector<Override>& overrides = {}) {
    return parse(text, "a.yaml", overrides, shipped_protocols());
}

// All problems, one on a line.
std::string problems_in(std::string_view text, const std::vector<Override>& overrides = {}) {
    const auto scenario = read(text, overrides);
    std::string lines;
    for (const auto& problem : scenario ? Problems{} : scenario.problems()) {
        lines += format_problem(problem) + "\n";
    }
    return lines;
}

constexpr std::string_view smallest =
    "fleet: { equipments: 3 }\ntraffic: { stages: [ { duration: 10s, rate: 2/s } ] }\n";

std::string with(const std::string& more) {
    return std::string(smallest) + more;
}

TEST(Parse, FillsInDefaults) {
    const auto scenario = read(smallest);
    ASSERT_TRUE(scenario) << problems_in(smallest);
    EXPECT_EQ(scenario->name, "a");
    EXPECT_EQ(scenario->lot().protocol, "mqtt");
    EXPECT_EQ(scenario->seed, 1U);
    EXPECT_EQ(scenario->lot().fleet, (Fleet{3, plan::StartByRate{Rate{10'000}, 60s}}));
    EXPECT_EQ(scenario->lot().delivery, plan::Delivery{});
    EXPECT_EQ(scenario->lot().traffic.payload, Payload{});
    EXPECT_EQ(scenario->protocols.at("mqtt").at("version"), 5);
    EXPECT_EQ(scenario->protocols.at("http2").at("path"), "/v1/validations");
    EXPECT_EQ(scenario->protocols.at("grpc").at("keepalive"), "0s");
}

TEST(Parse, ReadsEveryKey) {
    const auto scenario = read(R"(
name: all
description: of them
seed: 9007199254740991
protocol: http2
fleet: { equipments: 7, start: { step: 2, every: 1m30s } }
traffic:
  arrival: { kind: burst, size: 10 }
  stages:
    - { duration: 30s, rate: 6/m, measure: false }
    - { duration: 1.5s, rate: 0.25, shape: ramp }
  payload: { bytes: 1KiB, encoding: json }
delivery:
  batch: { max: 60, linger: 1s }
  in_flight: 2
  order: strict
  timeout: 3s
  connect_timeout: 4s
  cache: 5MB
  overflow: newest
  pace: 20/s
  retry: { base: 1ms, max: 2ms, jitter: none, budget: 20% }
  breaker: { failures: 3, open: 4s }
  drain: 0s
protocols:
  mqtt: { version: "3.1.1", qos: 0 }
faults:
  - { at: 30s, for: 10s, kind: stall }
  - { kind: delay, for: 1s, delay: 50ms }
  - { kind: lose, at: 2s, count: 137 }
thresholds:
  response: ["p(95)<50ms", "p(99)<200ms"]
  lost: ["count==0"]
)");
    ASSERT_TRUE(scenario) << format_problem(scenario.problems().front());
    EXPECT_EQ(scenario->seed, 9007199254740991U);
    EXPECT_EQ(scenario->lot().fleet, (Fleet{7, plan::StartBySteps{2, 90s}}));
    EXPECT_EQ(scenario->lot().traffic.arrival, (arrival::Arrival{arrival::Kind::burst, 10}));
    EXPECT_EQ(scenario->lot().traffic.stages,
              (std::vector<TrafficStage>{{30s, Rate{0.1}, Shape::step, arrival::Measure::off},
                                         {1500ms, Rate{0.25}, Shape::ramp, arrival::Measure::on}}));
    EXPECT_EQ(scenario->lot().traffic.payload, (Payload{Bytes{1024}, Encoding::json}));
    EXPECT_EQ(scenario->lot().delivery, (plan::Delivery{{60, 1s},
                                                        2,
                                                        plan::Order::strict,
                                                        3s,
                                                        4s,
                                                        Bytes{5'000'000},
                                                        plan::Overflow::newest,
                                                        Rate{20},
                                                        {1ms, 2ms, plan::Jitter::none, Share{0.2}},
                                                        {3, 4s},
                                                        0s}));
    EXPECT_EQ(scenario->protocols.at("mqtt").at("version"), "3.1.1");
    EXPECT_EQ(scenario->protocols.at("mqtt").at("keepalive"), "60s");
    EXPECT_EQ(scenario->faults, (std::vector<Fault>{{FaultKind::stall, 30s, 10s, 0s, 0},
                                                    {FaultKind::delay, 0s, 1s, 50ms, 0},
                                                    {FaultKind::lose, 2s, 0s, 0s, 137}}));
    ASSERT_EQ(scenario->thresholds.size(), 3U);
    EXPECT_EQ(scenario->thresholds[0].line, 33);  // thresholds are sorted by metric
    EXPECT_EQ(scenario->thresholds[2].expression, "p(99)<200ms");
    EXPECT_EQ(scenario->thresholds[2].line, 32);
}

TEST(Parse, ReadsStagesWithNamesAndThresholdsThatSpeakOfThemOrAbort) {
    const auto scenario = read(R"(
fleet: { equipments: 7 }
traffic:
  stages:
    - { name: warm-up, duration: 30s, rate: 1/s, measure: false }
    - { duration: 30s, rate: 1/s }
    - { name: high noon, duration: 30s, rate: 1/s }
thresholds:
  response{stage:high noon}: ["p(95)<50ms"]
  lost{stage:2}:
    - count==0
  response:
    - { threshold: "p(99)<200ms", abortOnFail: true, delayAbortEval: 40s }
    - { threshold: "p(95)<50ms", abortOnFail: false }
    - "p(50)<1ms"
)");
    ASSERT_TRUE(scenario) << format_problem(scenario.problems().front());
    EXPECT_EQ(stage_names(scenario->lot().traffic), (std::vector<std::string>{"warm-up", "stage 2", "high noon"}));
    using Breach = Threshold::Breach;
    EXPECT_EQ(scenario->thresholds, (std::vector<Threshold>{{"lost{stage:2}", "count==0"},
                                                            {"response", "p(99)<200ms", 0, Breach::aborts, 40s},
                                                            {"response", "p(95)<50ms"},
                                                            {"response", "p(50)<1ms"},
                                                            {"response{stage:high noon}", "p(95)<50ms"}}));
    EXPECT_EQ(scenario->thresholds[1].line, 13);
}

TEST(Parse, NamesWhatIsWrongAndWhatIsAllowed) {
    struct Row {
        std::string text;
        const char* problem;
    };
    const Row rows[] = {
        {with("sed: 3\n"), "a.yaml:3: sed: unknown key; did you mean \"seed\"?"},
        {with("seed: -1\n"), "a.yaml:3: seed: -1 is out of range (allowed: 0 to"},
        {with("seed: 1.5\n"), "a.yaml:3: seed: must be a whole number, 0 to"},
        {with("name: 12\n"), "a.yaml:3: name: must be a name, not 12 (text that looks like a number needs quotes)"},
        {with("name: ''\n"), "a.yaml:3: name: 0 characters (allowed: 1 to 100)"},
        {with("protocol: mqqt\n"),
         "a.yaml:3: protocol: \"mqqt\" is not known; did you mean \"mqtt\"? (allowed: mqtt, http2, grpc, grpc-stream)"},
        {with("delivery:\n  order: strickt\n"),
         "a.yaml:4: delivery.order: \"strickt\" is not known; did you mean \"strict\"?"},
        {with("delivery: { timeout: 5 }\n"),
         "delivery.timeout: must be a duration such as 1.5s, 200ms, 5m, 1h30m, not 5"},
        {with("delivery: { timeout: -5s }\n"), "not \"-5s\""},
        {with("delivery: { timeout: 0s }\n"), "delivery.timeout: must be longer than 0"},
        {with("delivery: { timeout: 400d }\n"),
         "delivery.timeout: cannot be held (allowed: whole nanoseconds, at most a year)"},
        {with("delivery: { timeout: .inf }\n"), "delivery.timeout: not a finite number"},
        {with("delivery: { in_flight: 0 }\n"), "delivery.in_flight: 0 is out of range (allowed: 1 to 1000)"},
        {with("delivery: { batch: [1] }\n"), "delivery.batch: must be a mapping of keys to values, not a list"},
        {with("delivery: { cache: 99B }\n"), "delivery.cache: smaller than one validation"},
        {with("delivery: { cache: 0.5B }\n"), "delivery.cache: cannot be held (allowed: a whole number of bytes)"},
        {with("delivery: { retry: { base: 3s, max: 1s } }\n"), "delivery.retry.max: shorter than base, 3s"},
        {with("delivery: { retry: { budget: 20 } }\n"),
         "delivery.retry.budget: must be a share such as 20%, 0.5%, not 20"},
        {with("delivery: { retry: { budget: 120% } }\n"), "delivery.retry.budget: "},
        {with("delivery: { pace: 0/s }\n"), "delivery.pace: must be more than 0"},
        {with("delivery: { breaker: { open: 0s } }\n"), "delivery.breaker.open: must be longer than 0"},
        {with("delivery: { overflow: old }\n"), "delivery.overflow: "},
        {with("protocols: { mqtt: { qos: 3 } }\n"), "protocols.mqtt.qos: 3 is not known (allowed: 0, 1, 2)"},
        {with("protocols: { mqtt: { version: 4 } }\n"), "protocols.mqtt.version: 4 is not known (allowed: 5, 3.1.1)"},
        {with("protocols: { htpp2: {} }\n"), "protocols.htpp2: unknown key; did you mean \"http2\"?"},
        {with("faults: [ { kind: stall } ]\n"), "faults.0.for: is missing: stall needs it"},
        {with("faults: [ { kind: delay, for: 1s } ]\n"), "faults.0.delay: is missing: delay needs it"},
        {with("faults: [ { kind: swap, for: 1s, count: 2 } ]\n"), "faults.0.for: has no meaning for swap"},
        {with("faults: [ { kind: cut } ]\n"), "faults.0.for: is missing: cut needs it"},
        {with("faults: [ { kind: half_open, for: 1s } ]\n"), "faults.0.for: has no meaning for half_open"},
        {with("faults: [ { kind: stall, for: 1s, share: 20% } ]\n"), "faults.0.share: has no meaning for stall"},
        {with("faults: [ { kind: flapping, for: 9s, up: 1s } ]\n"), "faults.0.down: is missing: flapping needs it"},
        {with("faults: [ { kind: flapping, for: 9s, up: 1s, down: 10us } ]\n"),
         "faults.0.down: 10us is too short (allowed: at least 1ms)"},
        {with("faults: [ { kind: reset, every: 1s } ]\n"), "faults.0.every: has no meaning without for"},
        {with("faults: [ { kind: latency, for: 1s, delay: 2h } ]\n"),
         "faults.0.delay: 2h is too long (allowed: at most 1h)"},
        {with("faults: [ { kind: cut, for: 1s, share: 120% } ]\n"),
         "faults.0.share: must be a share such as 20%, 0.5%, 100%, not \"120%\""},
        {with("faults: [ { kind: cut, for: 1s, share: 0% } ]\n"), "faults.0.share: must be more than 0%"},
        {with("faults: [ { kind: cut, for: 1s, equipments: [5, 4] } ]\n"),
         "faults.0.equipments: ends before it begins (allowed: [from, to])"},
        {with("faults: [ { kind: cut, for: 1s, equipments: [2000, 3000] } ]\n"),
         "faults.0.equipments: begins at 2000, and the fleet has "},
        {with("faults: [ { kind: cut, for: 1s, equipments: [1] } ]\n"),
         "faults.0.equipments: a list of 1 (allowed: 2 to 2)"},
        {with("faults: [ { kind: bandwidth, for: 1s, rate: 10 } ]\n"),
         "faults.0.rate: must be a rate such as 10kB/s, 1MB/s, 5000/s, not 10"},
        {with("faults: [ { kind: slow_read, for: 1s, rate: 0.5B/s } ]\n"),
         "faults.0.rate: cannot be held (allowed: a whole number of bytes, more than 0)"},
        {with("faults: [ { kind: one_way, for: 1s, direction: left } ]\n"),
         "faults.0.direction: \"left\" is not known (allowed: up, down)"},
        {with("faults: [ { kind: bandwidth, for: 1s, rate: 10/s } ]\n"),
         "faults.0.rate: must be bytes a second, as 10kB/s"},
        {with("faults: [ { kind: limit, for: 1s, rate: 10kB/s } ]\n"),
         "faults.0.rate: must be a whole number of validations a second, as 5000/s"},
        {with("faults: [ { kind: drop } ]\n"), "faults.0.for: is missing: drop needs it, or count"},
        {with("faults: [ { kind: throttle, count: 3 } ]\n"), "faults.0.retry_after: is missing: throttle needs it"},
        {with("faults: [ { kind: close, every: 1s } ]\n"), "faults.0.every: has no meaning without for"},
        {with("faults: [ { kind: restart } ]\n"), "faults.0.for: is missing: restart needs it"},
        {with("faults: [ { kind: kill, count: 2 } ]\n"), "faults.0.count: has no meaning for kill"},
        {with("faults: [ { kind: command } ]\n"), "faults.0.run: is missing: command needs it"},
        {with("faults: [ { kind: command, run: 'echo \"a' } ]\n"),
         "faults.0.run: must be a command such as systemctl restart broker, sh -c 'kill -9 $(pidof broker)', not "
         "\"echo \\\"a\""},
        {with("faults: [ { kind: command, run: a, until: b } ]\n"), "faults.0.until: has no meaning without for"},
        {with("faults: [ { kind: command, run: a, share: 5% } ]\n"), "faults.0.share: has no meaning for command"},
        {with("faults: [ { kind: stall, for: 1s, run: a } ]\n"), "faults.0.run: has no meaning for stall"},
        {with("faults: [ { at: 1s } ]\n"),
         "faults.0.kind: is missing (allowed: stall, delay, slow, limit, lose, duplicate, swap, drop, mute, "
         "error, throttle, reject, turn_away, close, goaway, kill, restart, latency, bandwidth, cut, reset, half_open, "
         "refuse, flapping, slow_read, one_way, command)"},
        {with("thresholds: { reponse: ['p(95)<5ms'] }\n"), "thresholds.reponse.0: unknown metric \"reponse\""},
        {with("thresholds: { response: ['p95'] }\n"), "thresholds.response.0: "},
        {with("thresholds: { response: 'p(95)<5ms' }\n"), "thresholds.response: must be a list"},
        {with("thresholds: { response: [ 5 ] }\n"), "thresholds.response.0: must be an expression, not 5"},
        {with("thresholds: { 'response{stage:peek}': ['p(95)<5ms'] }\n"),
         "thresholds.response{stage:peek}.0: there is no stage \"peek\" (allowed: stage 1, or 1 to 1)"},
        {with("thresholds: { 'connect{stage:peak}': ['p(95)<5ms'] }\n"), "connect is not known of each stage"},
        {with("thresholds: { lost: [ { threshold: 'count==0', abortOnFail: true } ] }\n"),
         "thresholds.lost.0: abortOnFail: lost is only known at the end (allowed: response, service"},
        {with("thresholds: { response: [ { threshold: 'p(95)<5ms', delayAbortEval: 5s } ] }\n"),
         "thresholds.response.0.delayAbortEval: has no meaning without abortOnFail: true"},
        {with("thresholds: { response: [ { threshold: 'p(95)<5ms', abortOnfail: true } ] }\n"),
         "thresholds.response.0.abortOnfail: unknown key; did you mean \"abortOnFail\"?"},
        {with("thresholds: { response: [ { abortOnFail: true } ] }\n"), "thresholds.response.0.threshold: is missing"},
        {"fleet: {}\ntraffic: { stages: [ { name: a, duration: 1s, rate: 1 }, { name: a, duration: 1s, rate: 1 } ] }\n",
         "traffic.stages.1.name: \"a\" is what stage 1 is called"},
        {"fleet: {}\ntraffic: { stages: [ { name: stage 2, duration: 1s, rate: 1 }, { duration: 1s, rate: 1 } ] }\n",
         "traffic.stages.1.name: \"stage 2\" is what stage 1 is called"},
        {"fleet: {}\ntraffic: { stages: [ { name: '2', duration: 1s, rate: 1 } ] }\n",
         "traffic.stages.0.name: is a number, and numbers mean"},
        {"fleet: {}\ntraffic: { stages: [ { name: 'a{b', duration: 1s, rate: 1 } ] }\n",
         "traffic.stages.0.name: must be a name such as warm-up, peak, not \"a{b\""},
        {with("fleet: {}\n"), "a.yaml:3: the key \"fleet\" stands here a second time"},
        {"fleet: { equipments: 3 }\n", "a.yaml:1: traffic: is missing"},
        {"fleet: { equipments: 3 }\ntraffic: { stages: [] }\n", "traffic.stages: a list of 0 (allowed: 1 to 1000)"},
        {"fleet: { equipments: 3 }\ntraffic: { stages: [ { duration: 1s } ] }\n", "traffic.stages.0.rate: is missing"},
        {"fleet: { equipments: 3 }\ntraffic: { stages: [ { rate: 1 } ] }\n",
         "traffic.stages.0.duration: is missing: How long it lasts."},
        {"fleet: { equipments: 3 }\ntraffic: { stages: [ { duration: 0s, rate: 1 } ] }\n",
         "traffic.stages.0.duration: must be longer than 0"},
        {"fleet: { equipments: 3 }\ntraffic: { stages: [ { duration: 1s, rate: 1000001/s } ] }\n", "rate: too high"},
        {"fleet: { equipments: 3 }\ntraffic: { stages: [ { duration: 300d, rate: 1 }, { duration: 300d, rate: 1 } ] "
         "}\n",
         "longer than a year in all"},
        {"fleet: { equipments: 3 }\ntraffic: { stages: [ { duration: 1d, rate: 1e5 } ] }\n",
         "validations per equipment (allowed: fewer than"},
        {"fleet: { equipments: 3 }\ntraffic: { stages: [ { duration: 1s, rate: 1, measure: false } ] }\n",
         "nothing would be measured"},
        {"fleet: { equipments: 3 }\ntraffic: { arrival: { kind: poison }, stages: [ { duration: 1s, rate: 1 } ] }\n",
         "did you mean \"poisson\"? (allowed: periodic, poisson, burst, trace, closed)"},
        {"fleet: { equipments: 3 }\ntraffic: { arrival: { kind: burst }, stages: [ { duration: 1s, rate: 1 } ] }\n",
         "traffic.arrival.size: is missing"},
        {"fleet: { equipments: 3 }\ntraffic: { arrival: trace, stages: [ { duration: 1s } ] }\n",
         "traffic.arrival: must be { kind: trace, file: day.csv }, not just its kind"},
        {"fleet: { equipments: 3 }\ntraffic: { arrival: burst, stages: [ { duration: 1s, rate: 1 } ] }\n",
         "traffic.arrival: must be { kind: burst, size: 10 }, not just its kind"},
        {"fleet: { equipments: 3 }\ntraffic: { arrival: { size: 3 }, stages: [ { duration: 1s, rate: 1 } ] }\n",
         "traffic.arrival.size: has no meaning for periodic"},
        {"fleet: { equipments: 3 }\ntraffic: { payload: { bytes: 63 }, stages: [ { duration: 1s, rate: 1 } ] }\n",
         "traffic.payload.bytes: 63 is out of range (allowed: 64 to 65536)"},
        {"fleet: { equipments: 1000001 }\ntraffic: { stages: [ { duration: 1s, rate: 1 } ] }\n",
         "fleet.equipments: 1000001 is out of range (allowed: 1 to 1000000)"},
        {"fleet: { equipments: 3, start: { rate: 1, step: 1 } }\ntraffic: { stages: [ { duration: 1s, rate: 1 } ] }\n",
         "fleet.start: two ways to start at once"},
        {"fleet: { equipments: 3, start: { step: 1 } }\ntraffic: { stages: [ { duration: 1s, rate: 1 } ] }\n",
         "fleet.start.every: is missing"},
        {"fleet: { equipments: 3, start: { rate: 0/s } }\ntraffic: { stages: [ { duration: 1s, rate: 1 } ] }\n",
         "fleet.start.rate: must be more than 0"},
        {"fleet: { equipments: 1000000, start: { step: 1, every: 300d } }\ntraffic: { stages: [ { duration: 1s, rate: "
         "1 } ] }\n",
         "the last equipment would start after more than a year"},
        {"", "a.yaml: is empty (needed: fleet and traffic)"},
        {"# nothing\n", "a.yaml: is empty"},
        {"- 1\n", "a.yaml:1: must be a portillon scenario, not a list"},
        {"x\n", "a.yaml:1: must be a portillon scenario, not \"x\""},
        {"fleet: [1, 2\ntraffic: 3\n", "a.yaml:2: not YAML: "},
        {"fleet:\n\tequipments: 3\n", "a.yaml:2: not YAML: a tab indents here; use spaces"},
        {"name: a: b\n", "a.yaml:1: not YAML: a \":\" where none may stand"},
        {"a: 1\n---\nb: 1\n", "a second document begins here"},
        {"a: &x 1\n", "a.yaml:1: anchors (&name) are not allowed"},
        {"a: *x\n", "a.yaml:1: "},
        {"a: !!binary x\n", "a.yaml:1: tags (!name) are not allowed"},
        {"? [a]\n: b\n", "a key must be a word"},
        {"a: \"\\u0001\"\n", "a.yaml:1: a value with control characters"},
        {"a: 1\nb: \xff\n", "a.yaml:2: not a text"},
        {std::string("a: \0", 4), "a.yaml:1: not a text"},
    };
    for (const auto& row : rows) {
        EXPECT_THAT(problems_in(row.text), HasSubstr(row.problem)) << row.text;
    }
}

TEST(Parse, SaysEverythingAtOnceInTheOrderOfTheLines) {
    const auto scenario =
        read("sed: 3\nfleet: { equipments: 0 }\ntraffic:\n  stages:\n    - { rate: x }\nprotocol: y\n");
    ASSERT_FALSE(scenario);
    std::vector<int> lines;
    for (const auto& problem : scenario.problems()) {
        lines.push_back(problem.line);
    }
    EXPECT_EQ(lines, (std::vector<int>{1, 2, 5, 5, 6}));
}

TEST(Parse, DoesNotBlameWhatFollowsFromAnotherMistake) {
    EXPECT_EQ(
        problems_in("fleet: { equipments: 1 }\ntraffic: { arrival: { kind: x, size: 3 }, stages: [ { duration: "
                    "1s, rate: 1 } ] }\n"),
        "a.yaml:2: traffic.arrival.kind: \"x\" is not known (allowed: periodic, poisson, burst, trace, closed)\n");
}

TEST(Parse, ClosedArrivalsNeedNoRate) {
    EXPECT_TRUE(
        read("fleet: { equipments: 3 }\ntraffic: { arrival: { kind: closed }, stages: [ { duration: 1s } ] }\n"));
}

TEST(Parse, AppliesOverrides) {
    const auto scenario = read(with("delivery:\n"), {{"--set", "delivery.batch.max", "60"},
                                                     {"--set", "traffic.stages.0.duration", "20s"},
                                                     {"--set", "traffic.stages.1", "{ duration: 5s, rate: 1/s }"},
                                                     {"--set", "thresholds.lost", "['count==0']"},
                                                     {"--seed 4", "seed", "4"}});
    ASSERT_TRUE(scenario) << format_problem(scenario.problems().front());
    EXPECT_EQ(scenario->lot().delivery.batch.max, 60U);
    EXPECT_EQ(scenario->lot().traffic.stages.size(), 2U);
    EXPECT_EQ(scenario->lot().traffic.stages[0].duration, 20s);
    EXPECT_EQ(scenario->seed, 4U);
    EXPECT_EQ(scenario->thresholds[0].line, 0);
}

TEST(Parse, BlamesTheOptionForWhatItSays) {
    struct Row {
        Override override;
        const char* problem;
    };
    const Row rows[] = {
        {{"--seed x", "seed", "x"}, "--seed x: seed: must be a whole number"},
        {{"--set a=1", "a", "1"}, "--set a=1: a: unknown key"},
        {{"--set ..=1", "..", "1"}, "--set ..=1: ..: not a dotted key"},
        {{"--set traffic.stages.3.rate=1", "traffic.stages.3.rate", "1"},
         "traffic.stages.3.rate: no item 3 (allowed: 0 to 1; 1 adds one)"},
        {{"--set fleet.equipments.x=1", "fleet.equipments.x", "1"}, "\"x\" lies within what is a single value"},
        {{"--set seed=[1, 2", "seed", "[1, 2"},
         "--set seed=[1, 2: seed: a key must be a word (or is a [ or { left open?)"},
        {{"--set seed=*x", "seed", "*x"}, "seed: "},
    };
    for (const auto& row : rows) {
        EXPECT_THAT(problems_in(smallest, {row.override}), HasSubstr(row.problem));
    }
}

TEST(Parse, BoundsWhatItReads) {
    const auto deep = std::string(100, '[') + std::string(100, ']');
    struct Row {
        std::string text;
        const char* problem;
    };
    const Row rows[] = {
        {std::string(max_text_bytes + 1, ' '), "bytes (allowed: at most 1048576)"},
        {"a: " + deep, "nested deeper than 32 levels"},
        {"a: " + std::string(1001, 'x'), "a value of 1001 bytes (allowed: at most 1000)"},
        {"a: [" +
             [] {
                 std::string many;
                 for (std::size_t at = 0; at <= max_nodes; ++at) {
                     many += "1,";
                 }
                 return many;
             }() +
             "]",
         "more than 100000 values"},
    };
    for (const auto& row : rows) {
        EXPECT_THAT(problems_in(row.text), HasSubstr(row.problem));
    }
}

TEST(Parse, CutsALongListOfProblems) {
    std::string text = "fleet: { equipments: 1 }\n";
    for (int at = 0; at < 80; ++at) {
        text += "key" + std::to_string(at) + ": 1\n";
    }
    const auto scenario = read(text);
    ASSERT_FALSE(scenario);
    EXPECT_EQ(scenario.problems().size(), 51U);
    EXPECT_EQ(scenario.problems().back().message, "and 31 more problems");
}

TEST(Parse, MakesAScenarioWithoutAFile) {
    const auto protocols = shipped_protocols();
    const std::vector<Override> overrides{{"--protocol grpc", "protocol", "grpc"},
                                          {"--rate 5/s", "traffic.stages.0.rate", "5/s"}};
    const auto scenario = from_options(overrides, protocols);
    ASSERT_TRUE(scenario);
    EXPECT_EQ(scenario->name, "ad-hoc");
    EXPECT_EQ(scenario->lot().protocol, "grpc");
    EXPECT_EQ(scenario->lot().traffic.stages.at(0).rate, Rate{5});
}

TEST(Parse, TheShippedScenariosAreOnes) {
    for (const std::string name : {"smoke", "ramp", "peak", "compare"}) {
        const auto text = read_source("scenarios/" + name + ".yaml");
        EXPECT_TRUE(text.starts_with("# yaml-language-server: $schema=scenario.schema.json\n")) << name;
        const auto scenario = read(text);
        ASSERT_TRUE(scenario) << name << ": " << problems_in(text);
        EXPECT_EQ(scenario->name, name);
        EXPECT_FALSE(scenario->description.empty());
        EXPECT_FALSE(scenario->thresholds.empty());
    }
}

TEST(Parse, TakesNoPlaceholderThatStandsForNothing) {
    const auto topic = [](const std::string& text) {
        return problems_in(with("protocols: { mqtt: { topic: '" + text + "' } }\n"));
    };
    EXPECT_EQ(topic("validations/{equipment}/of/{equipment}"), "");
    EXPECT_EQ(topic("validations"), "");
    EXPECT_THAT(topic("validations/{equipments}"),
                HasSubstr("protocols.mqtt.topic: {equipments} stands for nothing; did you mean {equipment}?"));
    for (const char* text :
         {"v/{Equipment}", "v/{}", "v/{equipment", "v/equipment}", "v/{{equipment}}", "v/{equipment}{run}"}) {
        EXPECT_THAT(topic(text), HasSubstr("stands for nothing")) << text;
    }
    EXPECT_THAT(problems_in(with("protocols: { http2: { path: '/v1/{equipment}' } }\n")),
                HasSubstr("protocols.http2.path: must be a path"));
}

TEST(Parse, HasDefaultThresholdsUnlessTheTextHasItsOwn) {
    const std::vector<Threshold> defaults{
        {.metric = "lost", .expression = "count==0", .origin = gate::Origin::by_default},
        {.metric = "undelivered", .expression = "count==0", .origin = gate::Origin::by_default},
        {.metric = "rejected", .expression = "count==0", .origin = gate::Origin::by_default},
        {.metric = "never_connected", .expression = "count==0", .origin = gate::Origin::by_default}};
    EXPECT_EQ(read(smallest)->thresholds, defaults);
    EXPECT_EQ(from_options({}, shipped_protocols())->thresholds, defaults);
    EXPECT_EQ(read(with("thresholds: { lost: ['count==0'] }\n"))->thresholds,
              (std::vector<Threshold>{{.metric = "lost", .expression = "count==0"}}));
    for (const char* none : {"thresholds: {}\n", "thresholds: []\n"}) {
        EXPECT_TRUE(read(with(none))->thresholds.empty()) << none << problems_in(with(none));
    }
    EXPECT_TRUE(read(smallest, {{"--set", "thresholds", "{}"}})->thresholds.empty());
    // An empty list switches the default threshold on its metric off, and no other.
    EXPECT_EQ(read(smallest, {{"--set", "thresholds.lost", "[]"}})->thresholds,
              (std::vector<Threshold>(defaults.begin() + 1, defaults.end())));
    EXPECT_EQ(read(smallest, {{"--set", "thresholds.response", "[]"}})->thresholds, defaults);
    EXPECT_EQ(read(with("thresholds: { lost: [], rejected: ['count==0'] }\n"))->thresholds,
              (std::vector<Threshold>{{.metric = "rejected", .expression = "count==0"}}));
    EXPECT_THAT(problems_in(with("thresholds: { lst: [] }\n")), HasSubstr("thresholds.lst: unknown metric \"lst\""));
    EXPECT_THAT(problems_in(with("thresholds: [ lost ]\n")), HasSubstr("thresholds: a list of 1"));
    EXPECT_THAT(problems_in(with("thresholds:\n")), HasSubstr("thresholds: must be a mapping"));
    EXPECT_THAT(problems_in(with("thresholds: 5\n")), HasSubstr("thresholds: must be"));
}

TEST(Parse, SaysNothingOfTheRateOfAFaultThatItDoesNotKnow) {
    const auto scenario = parse(
        "fleet: { equipments: 1 }\ntraffic: { stages: [ { duration: 1s, rate: 1/s } ] }\n"
        "faults: [ { kind: limmit, for: 1s, rate: 50/s } ]\n",
        "a.yaml", {}, shipped_protocols());
    ASSERT_FALSE(scenario);
    ASSERT_EQ(scenario.problems().size(), 1u);
    EXPECT_EQ(scenario.problems()[0].key, "faults.0.kind");
}

TEST(Parse, ReadsFaultsOfTheServerAndWritesThemAgain) {
    const std::string text = R"(
fleet: { equipments: 100 }
traffic: { stages: [ { duration: 10s, rate: 1/s } ] }
faults:
  - { at: 1s, for: 2s, kind: slow, delay: 50ms }
  - { at: 1s, for: 2s, kind: limit, rate: 5000/s }
  - { kind: drop, count: 12, one_in: 5 }
  - { kind: throttle, for: 3s, retry_after: 200ms }
  - { at: 1s, for: 2s, kind: goaway }
  - { at: 1s, kind: kill }
)";
    const auto scenario = parse(text, "faults.yaml", {}, shipped_protocols());
    ASSERT_TRUE(scenario) << format_problem(scenario.problems().front());
    const auto& faults = scenario->faults;
    ASSERT_EQ(faults.size(), 6u);
    EXPECT_EQ(faults[1].validations_per_s, 5'000u);
    EXPECT_EQ(faults[1].rate, Bytes{0});
    EXPECT_EQ(faults[2].one_in, 5u);
    EXPECT_EQ(faults[3].retry_after, 200ms);
    EXPECT_EQ(faults[4].every, 100ms) << "when none is said";
    EXPECT_EQ(fewest_server_shards(*scenario), 2u) << "one may be killed";
    EXPECT_EQ(summary_of(faults[1]), "limit 5,000/s");
    const auto again = parse(serialize(*scenario), "again.yaml", {}, shipped_protocols());
    ASSERT_TRUE(again) << format_problem(again.problems().front());
    EXPECT_EQ(again->faults, faults);
}

TEST(Parse, ReadsFaultsOfTheNetwork) {
    const auto scenario = parse(R"(
fleet: { equipments: 100 }
traffic: { stages: [ { duration: 10s, rate: 1/s } ] }
faults:
  - { at: 1s, for: 2s, kind: latency, delay: 50ms, jitter: 10ms, share: 12.5%, equipments: [3, 40] }
  - { for: 2s, kind: bandwidth, rate: 10kB/s }
  - { at: 1s, kind: reset, for: 1s }
  - { at: 1s, kind: half_open }
  - { at: 1s, kind: flapping, for: 1s, up: 200ms, down: 100ms }
  - { at: 1s, kind: one_way, for: 1s, direction: down }
  - { at: 1s, kind: stall, for: 1s }
)",
                                "faults.yaml", {}, shipped_protocols());
    ASSERT_TRUE(scenario) << format_problem(scenario.problems().front());
    const auto& faults = scenario->faults;
    ASSERT_EQ(faults.size(), 7u);
    EXPECT_EQ(faults[0].share_percent, 12.5);
    EXPECT_EQ(faults[1].rate, Bytes{10'000});
    EXPECT_EQ(faults[2].every, 100ms) << "when none is said";
    const auto network = network_faults_of(*scenario);
    ASSERT_EQ(network.size(), 6u);
    EXPECT_EQ(network[0], (faults::NetworkFault{.number = 0,
                                                .kind = faults::Kind::latency,
                                                .at = 1s,
                                                .length = 2s,
                                                .share = 0.125,
                                                .first = 3,
                                                .last = 40,
                                                .delay = 50ms,
                                                .jitter = 10ms}));
    EXPECT_EQ(network[1].last, 100u) << "all of them";
    EXPECT_EQ(network[1].bytes_per_s, 10'000);
    EXPECT_EQ(network[3].kind, faults::Kind::half_open);
    EXPECT_EQ(network[4].up, 200ms);
    EXPECT_EQ(network[4].down, 100ms);
    EXPECT_EQ(network[5].direction, faults::Direction::down);
    EXPECT_EQ(network[5].kind, faults::Kind::one_way);
    EXPECT_TRUE(has_server_faults(*scenario));
}

}  // namespace
}  // namespace portillon::scenario
