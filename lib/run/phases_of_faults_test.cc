#include "run/phases_of_faults.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "run/phases.h"
#include "stats/histogram_codec.h"

namespace portillon::run {
namespace {

using scenario::Fault;
using scenario::FaultKind;
using Acknowledges = driver::Traits::Acknowledges;

scenario::Scenario day(std::vector<Fault> faults) {
    scenario::Scenario made;
    made.seed = 7;
    made.lot().fleet.equipments = 100;
    made.lot().traffic.stages = {{10s, Rate{10}, scenario::Shape::step, arrival::Measure::off}, {90s, Rate{10}}};
    made.faults = std::move(faults);
    return made;
}

TEST(FaultPeriods, AreCutOffByOtherFaults) {
    const auto around = fault_periods_of(day({{FaultKind::cut, 30s, 10s},
                                              {FaultKind::reset, 60s},
                                              {FaultKind::stall, 65s, 60s},
                                              {FaultKind::latency, 62s, 20s}}));
    EXPECT_EQ(around, (std::vector<FaultPeriods>{
                          {10s, 30s, 40s, 60s}, {40s, 60s, 60s, 62s}, {60s, 65s, 100s, 100s}, {60s, 62s, 82s, 100s}}));
}

TEST(FaultPeriods, OfFaultsBeforeAndAfterEverythingAreEmpty) {
    const auto around = fault_periods_of(day({{FaultKind::cut, 0s, 5s}, {FaultKind::cut, 200s, 5s}}));
    EXPECT_EQ(around, (std::vector<FaultPeriods>{{0s, 0s, 5s, 100s}, {10s, 100s, 100s, 100s}}));
}

TEST(FaultPeriods, AreGivenUpWhenThereAreTooMany) {
    EXPECT_TRUE(fault_periods_of(day(std::vector<Fault>(400, {FaultKind::reset, 10s}))).empty());
}

// The parts that a generator would keep of 1,000 validations a second.
fleet::Result result_of(const scenario::Scenario& scenario) {
    fleet::Result result;
    const auto segments = segments_of(scenario);
    for (const auto& segment : segments.list()) {
        auto& part = result.parts.emplace_back();
        part.measure = segment.measure;
        part.counts.generated = part.counts.acknowledged =
            static_cast<std::uint64_t>((segment.to - segment.from) / 1ms);
        part.response.record(segment.from < 30s ? Nanos{1ms} : Nanos{5ms}, part.counts.acknowledged);
        part.service = part.lateness = part.response;
        part.counts.retries = 3;
    }
    return result;
}

TEST(Phases, OfFaultsAreWhatWasDueAroundThem) {
    const auto scenario = day({{FaultKind::cut, 30s, 10s}, {FaultKind::reset, 60s}});
    const auto fleet = result_of(scenario);
    const auto phases = phases_of(scenario, fleet, nullptr, nullptr, Acknowledges::yes, 100s);
    ASSERT_EQ(phases.size(), 2u + 6u);
    struct Row {
        const char* name;
        double from_s, to_s;
        std::uint64_t generated;
        std::uint64_t retries;
    };
    const Row rows[] = {{"stage 1", 0, 10, 10'000, 3},         {"stage 2", 10, 100, 90'000, 12},
                        {"fault 1 before", 10, 30, 20'000, 3}, {"fault 1 during", 30, 40, 10'000, 3},
                        {"fault 1 after", 40, 60, 20'000, 3},  {"fault 2 before", 40, 60, 20'000, 3},
                        {"fault 2 during", 60, 60, 0, 0},      {"fault 2 after", 60, 100, 40'000, 3}};
    for (std::size_t i = 0; i < phases.size(); ++i) {
        EXPECT_EQ(phases[i].name, rows[i].name);
        EXPECT_EQ(phases[i].from_s, rows[i].from_s) << rows[i].name;
        EXPECT_EQ(phases[i].to_s, rows[i].to_s) << rows[i].name;
        EXPECT_EQ(phases[i].counts.generated, rows[i].generated) << rows[i].name;
        EXPECT_EQ(phases[i].counts.retries, rows[i].retries) << rows[i].name;
        EXPECT_EQ(phases[i].kind, i < 2 ? "stage" : "fault");
    }
    EXPECT_EQ(phases[2].fault, 1u);
    EXPECT_EQ(phases[2].part, "before");
    EXPECT_TRUE(phases[2].measured);
    EXPECT_LE(*phases[2].latency.response->histogram.max(), 1ms);
    EXPECT_GE(*phases[3].latency.response->histogram.min(), 5ms);
}

// A series of seconds, each with the response times in it. 0: nothing was acknowledged, though something waited. -1:
// nothing waited.
fleet::Series series_of(const std::vector<int>& response_ms) {
    fleet::Series series;
    for (const int ms : response_ms) {
        auto& interval = series.intervals.emplace_back();
        interval.cached = ms == 0 ? 100 + series.intervals.size() : 0;
        if (ms > 0) {
            stats::Histogram histogram;
            histogram.record(Nanos{1ms} * ms, 100);
            interval.response = stats::pack(histogram);
        }
    }
    return series;
}

TEST(FaultsOfAReport, SayHowLongTheyWereFelt) {
    // The network is cut from 2 s to 4 s of 8 s; before, response is 10 ms.
    scenario::Scenario scenario = day({{FaultKind::cut, 2s, 2s}});
    scenario.lot().traffic.stages = {{8s, Rate{10}}};
    struct Row {
        std::vector<int> response_ms;
        std::optional<double> back_s;
        std::string why_not;
    };
    const Row rows[] = {
        {{10, 10, 0, 0, 900, 400, 15, 10, -1}, 2.0, ""},
        {{10, 10, 0, 0, 10, 10, 10, 10, -1}, 0.0, ""},
        {{10, 10, 0, 0, 900, 15, 400, 10, -1}, 3.0, ""},  // back for a moment only
        {{10, 10, 0, 0, 900, 0, 15, 20, 400}, std::nullopt, "the P95 of response did not stay within the limit"},
        {{10, 10, 0, 0, 0, 0, 0, 0, 0}, std::nullopt, "nothing was answered after it"},
        {{10, 10, 0, 0, 900, -1, 15, -1, 10}, 2.0, ""},
    };
    for (const auto& row : rows) {
        auto fleet = result_of(scenario);
        for (auto& part : fleet.parts) {
            part.response.reset();
            part.response.record(10ms, part.counts.acknowledged);
        }
        const auto phases = phases_of(scenario, fleet, nullptr, nullptr, Acknowledges::yes, 8s);
        const auto faults = faults_of(scenario, series_of(row.response_ms), {}, phases);
        ASSERT_EQ(faults.size(), 1u);
        EXPECT_EQ(faults[0].back_to_normal_s, row.back_s);
        EXPECT_EQ(faults[0].back_to_normal_reason, row.why_not);
        EXPECT_NEAR(faults[0].normal_p95_us.value_or(0), 20'000, 20);
        EXPECT_GT(faults[0].cached_max, 100u);
    }
}

TEST(Normal, IsTwiceTheUsualOrAsFarAsItWandered) {
    struct Row {
        const char* what;
        std::vector<Nanos> before;
        Nanos usual, limit;
    };
    const Row rows[] = {
        {"steady and fast", {2400us, 2400us, 2400us}, 2400us, 10ms},
        {"steady and slow", {40ms, 40ms, 40ms, 40ms}, 40ms, 80ms},
        {"one of two", {40ms, 60ms}, 50ms, 109304us},  // 4 x 1.4826 x 10 ms beyond
        {"one noisy interval", {20ms, 21ms, 19ms, 900ms, 20ms}, 20ms, 40ms},
        {"two noisy ones of nine", {20ms, 21ms, 19ms, 900ms, 20ms, 20ms, 700ms, 20ms, 20ms}, 20ms, 40ms},
        {"wandering by as much as itself", {10ms, 30ms, 20ms, 40ms, 0ms}, 20ms, 79304us},
        {"alone", {30ms}, 30ms, 60ms},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(normal_of(row.before), (Normal{row.usual, row.limit})) << row.what;
    }
    EXPECT_FALSE(normal_of({}));
}

TEST(Normal, IsReachedWhenAllButSingleIntervalsAreGood) {
    struct Row {
        const char* what;
        const char* series;  // + within the limit, - beyond it
        std::optional<std::size_t> from;
    };
    const Row rows[] = {
        {"nothing", "", {}},
        {"all good", "++++++++++", 0},
        {"after three", "---+++++++", 3},
        {"one noisy interval later", "---++++++-++++++", 3},
        {"one noisy interval at the end", "---+++++++-", 3},
        {"one noisy interval at once", "---+-+++++++++", 3},
        {"noise now and then", "--++++-++++-+++++-++++-++++++", 2},
        {"two in a row", "--+++++--++++++++", 2},
        {"a relapse of three", "--+++++---+++++++", 10},
        {"flapping", "--+-+-+-+-+-+-+-+-+++++++++++", 16},
        {"good for a moment in the outage", "-+--+-----++++++++", 10},
        {"good in between, for good later", "+--+--++++++++++++++++++++++++++++++", 6},
        {"never", "----------", {}},
        {"at the very end only", "---------+", 9},
        {"worse at the end", "--++++++++---", {}},
        {"short, and bad at the end", "--++-", {}},
    };
    for (const auto& row : rows) {
        std::vector<bool> good;
        for (const char* letter = row.series; *letter != 0; ++letter) {
            good.push_back(*letter == '+');
        }
        EXPECT_EQ(settled_from(good), row.from) << row.what;
    }
}

// The P95 of a second varies, and in one of thirty it is much worse than in the others: that is not the fault's doing.
TEST(Normal, IsFoundInNoisySeries) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        const auto p95 = [&random] {
            const double noise = random.uniform() < 1.0 / 30 ? 20 : 1;
            return Nanos{std::llround(8e6 * (0.7 + 0.6 * random.uniform()) * noise)};
        };
        std::vector<Nanos> before;
        for (int second = 0; second < 20; ++second) {
            before.push_back(p95());
        }
        const auto normal = normal_of(before);
        ASSERT_TRUE(normal);
        std::vector<bool> good(4, false);  // 4 s until it has recovered
        for (int second = 0; second < 60; ++second) {
            good.push_back(p95() <= normal->limit);
        }
        const auto settled = settled_from(good);
        ASSERT_TRUE(settled);
        EXPECT_GE(*settled, 4U);
        EXPECT_LE(*settled, 10U);
    }
}

TEST(FaultsOfAReport, TellTheUsualAndTheLimit) {
    scenario::Scenario scenario = day({{FaultKind::cut, 6s, 2s}});
    scenario.lot().traffic.stages = {{20s, Rate{10}}};
    // One noisy second before and one after.
    const std::vector<int> ms{20, 20, 21, 500, 19, 20, 0, 0, 900, 30, 20, 20, 20, 20, 700, 20, 20, 20, 20, 20};
    auto fleet = result_of(scenario);
    const auto phases = phases_of(scenario, fleet, nullptr, nullptr, Acknowledges::yes, 20s);
    const auto fault = faults_of(scenario, series_of(ms), {}, phases)[0];
    EXPECT_EQ(fault.usual_p95_us, 20'000);
    EXPECT_EQ(fault.normal_p95_us, 40'000);
    EXPECT_EQ(fault.back_to_normal_s, 1);
    EXPECT_EQ(fault.back_to_normal_reason, "");
}

TEST(FaultsOfAReport, SayWhyTheyAreNotFelt) {
    const auto scenario = day({{FaultKind::cut, 10s, 5s}});
    const auto fleet = result_of(scenario);
    const auto series = series_of(std::vector<int>(100, 1));
    const auto silent = phases_of(scenario, fleet, nullptr, nullptr, Acknowledges::no, 100s);
    EXPECT_EQ(faults_of(scenario, series, {}, silent)[0].back_to_normal_reason, "nothing is acknowledged");
    const auto at_once = phases_of(scenario, fleet, nullptr, nullptr, Acknowledges::yes, 100s);
    EXPECT_EQ(faults_of(scenario, series, {}, at_once)[0].back_to_normal_reason,
              "there is no P95 of response before it");
}

TEST(FaultsOfAReport, SayWhichDidNotHappenAndWhichLastedUntilTheEnd) {
    const auto scenario =
        day({{FaultKind::cut, 10s, 5s}, {FaultKind::stall, 101s, 900s}, {FaultKind::stall, 150s, 5s}});
    const auto phases = phases_of(scenario, result_of(scenario), nullptr, nullptr, Acknowledges::yes, 100s);
    const std::map<std::size_t, report::Injected> struck{{2, {"messages", 0}}};
    const auto faults = faults_of(scenario, series_of(std::vector<int>(100, 1)), {.struck = struck}, phases, 120s);
    EXPECT_TRUE(faults[0].happened);
    EXPECT_TRUE(faults[1].happened) << "the drain is part of the run";
    EXPECT_EQ(faults[1].back_to_normal_reason, "it lasted until the end of the run");
    EXPECT_FALSE(faults[2].happened);
    EXPECT_FALSE(faults[2].injected);
    EXPECT_EQ(faults[2].back_to_normal_reason, "the run was over after 120 s");
}

TEST(FaultsOfAReport, SayHowTheirCommandsEnded) {
    const auto scenario = day({{.kind = FaultKind::command, .at = 10s, .during = 5s, .run = "stop", .until = "start"},
                               {.kind = FaultKind::command, .at = 50s, .run = "never"}});
    const report::ExecutedCommand run{
        .key = "run", .command = "stop", .at_s = 10, .took_s = 0, .ended = "exited with 1"};
    const auto phases = phases_of(scenario, result_of(scenario), nullptr, nullptr, Acknowledges::yes, 100s);
    const auto faults =
        faults_of(scenario, series_of(std::vector<int>(60, 1)), {.commands = {{0, {run}}}}, phases, 60s);
    EXPECT_EQ(faults[0].what, "command stop, then start");
    EXPECT_EQ(faults[0].commands, std::vector{run});
    EXPECT_FALSE(faults[0].equipments);
    EXPECT_FALSE(faults[1].happened) << "Ctrl-C came before, and the drain lasted beyond its begin";
    EXPECT_EQ(faults[1].back_to_normal_reason, "the run was ended before");
}

TEST(FaultsOfAReport, NameWhomTheyHitAndWhatTheyDid) {
    auto scenario = day({{FaultKind::stall, 20s, 5s},
                         {.kind = FaultKind::cut, .at = 30s, .during = 5s, .share_percent = 20},
                         {.kind = FaultKind::reset, .at = 40s, .first = 11, .last = 20}});
    const std::vector<net::faults::Injected> injected{{20, 3, 4}, {10, 0, 0}};
    const auto phases = phases_of(scenario, result_of(scenario), nullptr, nullptr, Acknowledges::yes, 100s);
    const auto faults = faults_of(scenario, series_of(std::vector<int>(100, 1)), {.injected = injected}, phases);
    ASSERT_EQ(faults.size(), 3u);
    EXPECT_FALSE(faults[0].equipments);
    EXPECT_FALSE(faults[0].connections);
    EXPECT_EQ(faults[0].kind, "stall");
    EXPECT_EQ(faults[1].connections, 20u);
    EXPECT_EQ(faults[1].dials_refused, 3u);
    EXPECT_EQ(faults[1].dials_hung, 4u);
    const auto network = network_faults_of(scenario);
    EXPECT_EQ(faults[1].equipments, count_hit(scenario, network[0]));
    std::uint32_t listed = 0;
    for (const auto& range : faults[1].which) {
        for (auto id = range.first; id <= range.last; ++id, ++listed) {
            EXPECT_TRUE(hits(network[0], scenario.seed, EquipmentId{id})) << id;
        }
    }
    EXPECT_EQ(faults[1].equipments, listed);
    EXPECT_EQ(faults[2].which, (std::vector<report::EquipmentRange>{{11, 20}}));
    auto again = scenario;
    again.seed = 8;
    const auto others = faults_of(again, {}, {.injected = injected}, {});
    EXPECT_NE(others[1].equipments_digest, faults[1].equipments_digest);
    EXPECT_EQ(others[2].equipments_digest, faults[2].equipments_digest) << "the same ones";
}

}  // namespace
}  // namespace portillon::run
