#include "scenario/resolved.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "scenario/compress.h"
#include "scenario/parse.h"
#include "scenario/shipped_protocols.h"

namespace portillon::scenario {
namespace {

Scenario shipped(const std::string& name) {
    auto scenario = parse(read_source("scenarios/" + name + ".yaml"), name, {}, shipped_protocols());
    check(static_cast<bool>(scenario), "a shipped scenario");
    return *scenario;
}

std::vector<Scenario> samples() {
    std::vector<Scenario> all{shipped("smoke"),   shipped("ramp"),   shipped("peak"),
                              shipped("compare"), shipped("outage"), shipped("flapping")};
    auto odd = shipped("smoke");
    odd.name = "yes: \"no\" # {[,\t'é\xF0\x9F\x9A\x87";
    odd.description = "1e5";
    odd.lot().traffic.arrival = {arrival::Kind::burst, 7};
    odd.lot().traffic.stages[0].rate = Rate{1e-7};
    odd.lot().traffic.stages[1].rate = Rate{1.0 / 3};
    odd.lot().traffic.stages[1].duration = 1234567891ns;
    odd.faults = {{.kind = FaultKind::latency,
                   .during = 1s,
                   .delay = 1ns,
                   .share_percent = 0.0001,
                   .first = 2,
                   .last = 3,
                   .jitter = 5ms},
                  {.kind = FaultKind::slow_read, .during = 1s, .rate = Bytes{1}},
                  {.kind = FaultKind::bandwidth, .during = 1s, .share_percent = 33.3333, .rate = Bytes{2'000'000}},
                  {.kind = FaultKind::reset, .during = 1s, .every = 1ms},
                  {.kind = FaultKind::one_way, .during = 1s, .direction = faults::Direction::down},
                  {.kind = FaultKind::command,
                   .at = 1s,
                   .during = 2s,
                   .run = "sh -c 'echo \"a: b\" # c'",
                   .until = "true",
                   .time_limit = 3s},
                  {.kind = FaultKind::command, .run = "no", .time_limit = 10s},
                  {FaultKind::stall, 1ns, 3ms, 0s, 0},
                  {FaultKind::delay, 0s, 90min, 1500us, 0},
                  {FaultKind::swap, 1s, 0s, 0s, 11}};
    odd.thresholds = {{"lost", "count == 0", 0},
                      {"response", "p(99.9) < 1s", 0},
                      {"response", "p(95)<1s", 0, Threshold::Breach::aborts, 12s},
                      {"response", "p(90)<1s", 0, Threshold::Breach::aborts},
                      {"response{stage:high noon}", "p(99.9) < 1s", 0}};
    odd.lot().traffic.stages[1].name = "high noon";
    auto unjudged = shipped("smoke");
    unjudged.thresholds.clear();
    all.push_back(unjudged);
    auto partly_judged = shipped("smoke");
    partly_judged.thresholds = {{.metric = "lost", .expression = "count==0", .origin = gate::Origin::by_default},
                                {.metric = "rejected", .expression = "count==0", .origin = gate::Origin::by_default}};
    all.push_back(partly_judged);
    odd.protocols["http2"]["path"] = "/a:b'c";
    all.push_back(odd);
    for (auto& scenario : std::vector<Scenario>(all)) {
        compress(scenario, 7);
        all.push_back(scenario);
    }
    return all;
}

TEST(Resolved, AnEqualScenarioIsReadBack) {
    for (const auto& scenario : samples()) {
        for (const auto& text : {serialize(scenario), to_yaml(scenario)}) {
            const auto again = parse(text, "again", {}, shipped_protocols());
            ASSERT_TRUE(again) << text << format_problem(again.problems().front());
            EXPECT_EQ(*again, scenario) << text;
        }
    }
}

TEST(WorkloadDigest, CoversTheWorkAndNothingElse) {
    const auto scenario = shipped("peak");
    const auto digest = workload_digest(scenario, 1);
    EXPECT_EQ(digest.size(), 16U);
    const std::vector<std::function<void(Scenario&)>> outside{
        [](Scenario& s) { s.name = "x"; },
        [](Scenario& s) { s.description = "x"; },
        [](Scenario& s) { s.lot().protocol = "grpc"; },
        [](Scenario& s) { s.protocols["mqtt"]["qos"] = 0; },
        [](Scenario& s) { s.thresholds.clear(); },
        [](Scenario& s) { s.lot().traffic.stages[0].name = "x"; },
    };
    for (const auto& change : outside) {
        auto changed = scenario;
        change(changed);
        EXPECT_EQ(workload_digest(changed, 1), digest);
    }
    const std::vector<std::function<void(Scenario&)>> inside{
        [](Scenario& s) { s.seed = 8; },
        [](Scenario& s) { s.lot().fleet.equipments = 3; },
        [](Scenario& s) {
            s.lot().fleet.start = plan::StartByRate{Rate{10'000}, 61s};
        },
        [](Scenario& s) { s.lot().traffic.arrival.kind = arrival::Kind::poisson; },
        [](Scenario& s) { s.lot().traffic.stages[2].shape = Shape::step; },
        [](Scenario& s) { s.lot().traffic.stages[0].measure = arrival::Measure::on; },
        [](Scenario& s) { s.lot().traffic.payload.bytes = Bytes{101}; },
        [](Scenario& s) { s.lot().delivery.batch.max = 59; },
        [](Scenario& s) { s.lot().delivery.drain = 31s; },
        [](Scenario& s) { s.lot().delivery.retry.jitter = plan::Jitter::none; },
        [](Scenario& s) { s.lot().delivery.retry.budget = Share{0.2}; },
        [](Scenario& s) { s.lot().delivery.overflow = plan::Overflow::newest; },
        [](Scenario& s) { s.lot().delivery.pace = Rate{20}; },
        [](Scenario& s) { s.lot().delivery.breaker.failures = 3; },
        [](Scenario& s) {
            s.faults.push_back({FaultKind::stall, 1s, 1s, 0s, 0});
        },
    };
    std::set<std::string> digests{digest, workload_digest(scenario, 60)};
    for (const auto& change : inside) {
        auto changed = scenario;
        change(changed);
        digests.insert(workload_digest(changed, 1));
    }
    EXPECT_EQ(digests.size(), inside.size() + 2);
}

TEST(WorkloadDigest, DoesNotDependOnHowQuantitiesAreWritten) {
    const auto protocols = shipped_protocols();
    const auto one =
        parse("fleet: {equipments: 2}\ntraffic: {stages: [{duration: 90s, rate: 6/m}]}", "a", {}, protocols);
    const auto two = parse(R"({"traffic":{"stages":[{"rate":0.1,"duration":"1m30s"}]},"fleet":{"equipments":2}})", "b",
                           {}, protocols);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(workload_digest(*one, 1), workload_digest(*two, 1));
    // This value must not change: it would make new reports incomparable with old ones.
    EXPECT_EQ(workload_digest(*one, 1), "d0fff9d1bd9fa4d4");
}

TEST(Compress, DividesThreeDurationsAndNothingElse) {
    auto scenario = shipped("ramp");
    scenario.faults = {{FaultKind::delay, 60s, 30s, 120ms, 0},
                       {.kind = FaultKind::flapping, .at = 60s, .during = 30s, .up = 2s, .down = 1s}};
    auto expected = scenario;
    std::get<plan::StartBySteps>(expected.lot().fleet.start).every = 5s;
    expected.lot().traffic.stages[0].duration = 250s;
    expected.lot().traffic.stages[1].duration = 60s;
    expected.faults[0].at = 1s;
    expected.faults[0].during = 500ms;
    expected.faults[1].at = 1s;
    expected.faults[1].during = 500ms;
    compress(scenario, 60);
    EXPECT_EQ(scenario, expected);
}

TEST(Compress, LeavesNothingWithoutDuration) {
    auto scenario = shipped("smoke");
    scenario.lot().traffic.stages[0].duration = 10ns;
    compress(scenario, 1000);
    EXPECT_EQ(scenario.lot().traffic.stages[0].duration, 1ns);
}

}  // namespace
}  // namespace portillon::scenario
