#include "run/assemble.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "run/phases.h"

namespace portillon::run {
namespace {

driver::Kind kind_that(driver::Traits::Acknowledges acknowledges) {
    driver::Kind kind;
    kind.name = "made up";
    kind.options_schema = "{}";
    kind.traits = [acknowledges](const nlohmann::json&) {
        driver::Traits traits{};
        traits.acknowledges = acknowledges;
        return traits;
    };
    return kind;
}

// 10 s of warm-up and 20 s that are measured: 100 validations a second, a tenth of which is never acknowledged. Then a
// drain of 10 s, in which 500 more are acknowledged.
struct Made {
    driver::Kind kind;
    Order order;
    Gathered gathered;

    explicit Made(driver::Traits::Acknowledges acknowledges = driver::Traits::Acknowledges::yes)
        : kind(kind_that(acknowledges)) {
        const bool answers = acknowledges == driver::Traits::Acknowledges::yes;
        order.scenario.lot().fleet.equipments = 20;
        order.scenario.lot().traffic.stages = {{10s, Rate{5}, scenario::Shape::step, arrival::Measure::off},
                                               {20s, Rate{5}}};
        gathered.target = "embedded";
        gathered.shards = 1;
        gathered.generating = 30s;
        auto& fleet = gathered.lot.fleet;
        const auto segments = segments_of(order.scenario);
        for (const auto& segment : segments.list()) {
            auto& part = fleet.parts.emplace_back();
            part.measure = segment.measure;
            part.counts.generated = static_cast<std::uint64_t>((segment.to - segment.from) / 10ms);
            part.counts.acknowledged = answers ? part.counts.generated * 9 / 10 : 0;
            part.response.record(1ms, part.counts.acknowledged);
            part.service = part.lateness = part.response;
        }
        fleet::add_up(fleet);
        fleet.counts = {.generated = 3'000,
                        .acknowledged = answers ? 2'700U : 0U,
                        .unacknowledged = answers ? 300U : 3'000U,
                        .connected_max = 20,
                        .connects = 20};
        for (std::uint32_t id = 1; id <= 20; ++id) {
            fleet.generated.push_back({EquipmentId{id}, 150});
        }
        for (int second = 0; second < 40; ++second) {
            auto& interval = fleet.series.intervals.emplace_back();
            interval.due = second < 30 ? 100 : 0;
            interval.acknowledged = second < 10 ? 20 : second < 30 ? 80 : 50;
        }
        fleet.series.end = 39s + 250ms;
        gathered.usage.set_cpu_s(0.027);
        gathered.usage.set_rss_bytes(30'000'000);
        gathered.usage.set_private_base_bytes(8'000'000);
        gathered.usage.set_private_bytes(8'200'000);
        gathered.usage.set_bytes_sent(200'000);
        gathered.usage.set_bytes_received(70'000);
        ServerFigures before;
        before.shards = 2;
        before.living = 2;
        before.rss_bytes = 20'000'000;
        before.private_bytes = 5'000'000;
        gathered.server_before = gathered.server_at_t0 = before;
        before.cpu_s = 0.054;
        before.rss_bytes = 21'000'000;
        before.private_bytes = 5'600'000;
        gathered.server_after_drain = before;
        LedgerAccount ledger;
        ledger.counts.delivered = 3'000;
        for (int second = 0; second < 40; ++second) {
            ledger.delivered_per_s.push_back(second < 10 ? 50 : second < 30 ? 90 : 70);
        }
        gathered.lot.ledger = ledger;
    }

    report::RunReport report() {
        order.protocol = &kind;
        return assemble(order, gathered);
    }
};

TEST(Assembled, RatesAreThoseOfTheMeasuredStages) {
    auto made = Made();
    auto rates = made.report().throughput;
    EXPECT_EQ(rates.due_per_s, 100);
    EXPECT_EQ(rates.acknowledged_per_s, 80);  // neither the warm-up's 20 nor the drain's 50
    EXPECT_EQ(rates.delivered_per_s, 90);

    made.order.scenario.lot().traffic.stages = {{9s + 500ms, Rate{5}, scenario::Shape::step, arrival::Measure::off},
                                                {20s + 500ms, Rate{5}}};
    rates = made.report().throughput;
    EXPECT_NEAR(*rates.acknowledged_per_s, (0.5 * 20 + 20 * 80) / 20.5, 1e-9) << "half of the tenth second";

    made = Made();
    made.gathered.generating = 20s;  // interrupted
    EXPECT_EQ(made.report().throughput.acknowledged_per_s, 80);
    made.gathered.generating = 19s + 400ms;  // interrupted, and the drain was over 0.1 s later
    made.gathered.lot.fleet.series.intervals.resize(20);
    made.gathered.lot.fleet.series.intervals.back().acknowledged = 40;
    made.gathered.lot.fleet.series.end = 19s + 500ms;
    EXPECT_NEAR(*made.report().throughput.acknowledged_per_s, 80, 1e-9) << "40 in half a second";
    made.gathered.generating = 5s;  // interrupted in the warm-up
    EXPECT_FALSE(made.report().throughput.due_per_s);
    EXPECT_FALSE(made.report().throughput.acknowledged_per_s);
    EXPECT_FALSE(made.report().throughput.delivered_per_s);
}

TEST(Assembled, CostsAreByWhatWasAcknowledged) {
    const auto run = Made().report();
    EXPECT_NEAR(*run.resources.generator->cpu_us_per_validation, 10, 1e-9);
    EXPECT_NEAR(*run.resources.server->cpu_us_per_validation, 20, 1e-9);
    EXPECT_NEAR(*run.wire.bytes_per_validation, 100, 1e-9);

    const auto silent = Made(driver::Traits::Acknowledges::no).report();  // costs are divided by what was sent
    EXPECT_NEAR(*silent.resources.generator->cpu_us_per_validation, 9, 1e-9);
    EXPECT_NEAR(*silent.wire.bytes_per_validation, 90, 1e-9);

    auto made = Made();
    made.gathered.lot.fleet.counts = {.generated = 3'000, .cached = 3'000};
    EXPECT_FALSE(made.report().resources.generator->cpu_us_per_validation);
    EXPECT_FALSE(made.report().wire.bytes_per_validation);
}

TEST(Assembled, MemoryIsWhatTheProcessesGrewBy) {
    auto made = Made();
    const auto run = made.report();
    EXPECT_EQ(run.resources.generator->rss_bytes, 30'000'000U);
    EXPECT_EQ(run.resources.generator->rss_growth_bytes, 200'000U);
    EXPECT_EQ(run.resources.generator->rss_bytes_per_equipment, 10'000U);
    EXPECT_EQ(run.resources.server->rss_growth_bytes, 600'000U);
    EXPECT_EQ(run.resources.server->rss_bytes_per_equipment, 30'000U);

    made.gathered.lot.fleet.counts.connected_max = 10;  // half of them could never connect
    EXPECT_EQ(made.report().resources.server->rss_bytes_per_equipment, 60'000U);
    made.gathered.lot.fleet.counts.connected_max = 0;
    EXPECT_FALSE(made.report().resources.server->rss_bytes_per_equipment);
}

TEST(Assembled, MemoryIsNotToldWhereItCannotBe) {
    const auto growth = [](auto change) {
        Made made;
        change(made);
        return made.report().resources.server->rss_growth_bytes;
    };
    EXPECT_TRUE(growth([](Made&) {}));
    EXPECT_FALSE(
        growth([](Made& made) { made.order.target = *net::locate(*net::parse_url("mqtt://198.51.100.1:1883")); }));
    EXPECT_FALSE(growth([](Made& made) { made.gathered.server_after_drain->living = 1; })) << "dead";
    EXPECT_FALSE(growth([](Made& made) { made.gathered.server_after_drain->private_bytes.reset(); }));
    EXPECT_FALSE(growth([](Made& made) { made.gathered.server_after_drain->private_bytes = 4'000'000; })) << "shrunk";
    Made made;
    made.gathered.usage.set_private_bytes(7'000'000);
    EXPECT_FALSE(made.report().resources.generator->rss_growth_bytes);
    EXPECT_FALSE(made.report().resources.generator->rss_bytes_per_equipment);
}

TEST(Assembled, TheLastIntervalEndsWithTheRun) {
    auto made = Made();
    auto run = made.report();
    ASSERT_EQ(run.intervals.size(), 40U);
    EXPECT_FALSE(run.intervals[38].width_s);
    EXPECT_EQ(run.intervals[39].width_s, 0.25);
    made.gathered.lot.fleet.series.end = 40s;
    EXPECT_FALSE(made.report().intervals[39].width_s);
}

TEST(Assembled, EquipmentsOfALostProcessAreUnaccountedFor) {
    auto made = Made();
    EXPECT_EQ(made.report().counts.unaccounted, 0U);
    made.gathered.lot.fleet.generated.resize(12);
    EXPECT_EQ(made.report().counts.unaccounted, 8U);
}

}  // namespace
}  // namespace portillon::run
