// Every driver, through its real listener and the real ledger, on simulated time: what was done to it is what is
// measured, to the nanosecond and to the validation.

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "driver/kind.h"
#include "drivers/grpc/kind.h"
#include "drivers/grpc_stream/kind.h"
#include "drivers/http2/kind.h"
#include "drivers/mqtt/kind.h"
#include "fleet/engine.h"
#include "net/task_group.h"
#include "server/board.h"
#include "server/ledger_ingest.h"
#include "server/listener.h"
#include "server/listeners/grpc/kind.h"
#include "server/listeners/http2/kind.h"
#include "server/listeners/mqtt/kind.h"
#include "server/reconcile.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon {
namespace {

struct Protocol {
    driver::Kind driver;
    server::ListenerKind listener;
    nlohmann::json options;
};

Protocol protocol_named(const std::string& name) {
    if (name == "mqtt_3_1_1") {
        return {mqtt::kind(), server::mqtt::kind(), {{"version", "3.1.1"}, {"qos", 1}}};
    }
    if (name == "mqtt_5") {
        return {mqtt::kind(), server::mqtt::kind(), {{"version", 5}, {"qos", 1}}};
    }
    if (name == "http2") {
        return {http2::kind(), server::http2::kind(), nlohmann::json::object()};
    }
    if (name == "grpc_stream") {
        return {grpc_stream::kind(), server::grpc::kind(), nlohmann::json::object()};
    }
    return {grpc::kind(), server::grpc::kind(), nlohmann::json::object()};
}

constexpr std::uint32_t equipments = 20;
constexpr std::uint64_t seed = 11;
constexpr RunId run{0x1234};

// A fleet and a server in one process, joined by pipes without latency.
struct World {
    explicit World(const std::string& name, arrival::Schedule schedule, std::uint32_t batch = 1)
        : protocol(protocol_named(name)),
          plan{.run = run,
               .seed = seed,
               .equipments = equipments,
               .schedule = std::move(schedule),
               .start = {},
               .batch = {batch, batch > 1 ? Nanos{5s} : Nanos{0}},
               .in_flight = 100,
               .timeout = 15s,
               .retry = {}} {
        const server::RunSpec spec{run, {seed, plan.payload_bytes}, equipments, 10'000, {}};
        ledger_bytes.resize(server::Ledger::bytes_needed(spec, 1) / 64 + 1);
        ledger.emplace(server::Ledger::create(std::as_writable_bytes(std::span(ledger_bytes)), spec, 1));
        board_bytes.resize(server::Board::bytes_needed(1) / 64 + 1);
        board.emplace(std::as_writable_bytes(std::span(board_bytes)), 1);
        ingest.emplace(simulation.loop(), 0, board->figures(0), board->budgets());
        ingest->open(*ledger);
        listener = protocol.listener.make({simulation.loop(), *ingest, limits, board->figures(0)});
        driver = protocol.driver.make(
            {simulation.loop(), dialer, target, protocol.options, plan.encoding, plan.in_flight, run});
        plan.encoding = protocol.driver.traits(protocol.options).native;
        engine.emplace(simulation.loop(), *driver, plan);
    }

    void set_fault(server::Fault fault) {
        fault.budget = next_budget;
        board->budgets()[next_budget++] = fault.count;
        ingest->set(fault);
    }

    // Connects, runs to the end of the drain, closes; T0 is a second from now.
    fleet::Result live(Nanos duration) {
        engine->connect(simulation.now());
        engine->start(t0);
        ledger->start(t0);
        tasks.spawn(finish());
        simulation.run_for(duration + 1s + 60s);
        EXPECT_TRUE(result) << "the fleet did not come to its end";
        ingest->flush();
        return result.value_or(fleet::Result{});
    }

    net::Task<void> finish() {
        co_await engine->drained();
        co_await engine->close(simulation.now() + 10s);
        result.emplace(engine->result());
    }

    struct alignas(64) Line {
        std::byte bytes[64]{};
    };
    Protocol protocol;
    testing::Simulation simulation;
    net::TaskGroup tasks{simulation.loop()};
    Instant t0 = simulation.now() + 1s;
    fleet::Plan plan;
    std::vector<Line> ledger_bytes, board_bytes;
    std::optional<server::Ledger> ledger;
    std::optional<server::Board> board;
    std::optional<server::LedgerIngest> ingest;
    server::Limits limits;
    std::unique_ptr<server::Listener> listener;
    testing::PipeDialer dialer{simulation.loop(), 0ns, [this](EquipmentId, std::unique_ptr<net::Transport> transport) {
                                   listener->accepted(std::move(transport));
                               }};
    net::Url target{"test", "localhost", 1, ""};
    std::unique_ptr<driver::Driver> driver;
    std::optional<fleet::Engine> engine;
    std::optional<fleet::Result> result;
    std::uint32_t next_budget = 0;
};

class EveryDriver : public ::testing::TestWithParam<const char*> {};

arrival::Schedule steady(Nanos duration, double rate) {
    return {{}, arrival::Stages({{duration, rate, rate, arrival::Measure::on}}), seed};
}

TEST_P(EveryDriver, MeasuresWhatACoordinatedGeneratorWouldOmit) {
    const auto schedule = steady(40s, 25);
    World world(GetParam(), schedule);
    stats::Histogram expected;
    for (const Nanos at : {5s, 15s, 25s, 35s}) {
        world.set_fault({.kind = server::FaultKind::stall, .at = world.t0 + at, .length = 1s, .run = {}});
    }
    for (std::uint32_t id = 1; id <= equipments; ++id) {
        for (auto cursor = schedule.begin(EquipmentId{id}, 0ns); !cursor.ended(); schedule.advance(cursor)) {
            const Nanos into = cursor.due() % 10s - 5s;
            expected.record(into >= 0s && into < 1s ? 1s - into : 0s);
        }
    }
    const auto result = world.live(40s);
    EXPECT_EQ(result.tally.generated, 20'000u);
    EXPECT_EQ(result.tally.acknowledged, 20'000u);
    EXPECT_EQ(result.unanswered(), 0u);
    EXPECT_EQ(result.response, expected);
    EXPECT_EQ(world.ledger->end_to_end(), expected);
    // What that is in figures, to within half of an equipment's gap of 40 ms.
    EXPECT_NEAR(seconds(*result.response.percentile(95)), 0.5, 0.02);
    EXPECT_NEAR(seconds(*result.response.percentile(99)), 0.9, 0.02);
    EXPECT_NEAR(seconds(*result.response.max()), 1.0, 0.02);
    EXPECT_LE(*result.response.percentile(50), 1us);
    EXPECT_EQ(*result.generator_lag.max(), 0ns);
}

TEST_P(EveryDriver, NamesExactlyWhatWasLostDuplicatedAndSwapped) {
    for (const std::uint32_t batch : {1u, 7u}) {
        World world(GetParam(), steady(30s, 10), batch);
        world.set_fault({.kind = server::FaultKind::lose, .at = world.t0 + 1s, .count = 137, .run = run});
        world.set_fault({.kind = server::FaultKind::duplicate, .at = world.t0 + 2s, .count = 20, .run = run});
        world.set_fault({.kind = server::FaultKind::swap, .at = world.t0 + 3s, .count = 11, .run = run});
        const auto result = world.live(30s);
        EXPECT_EQ(result.tally.acknowledged, equipments * 300u);
        const server::Generated generated(equipments, 300);
        world.ledger->freeze();
        const auto reconciled = server::reconcile(*world.ledger, generated);
        ASSERT_TRUE(reconciled);
        const auto& account = *reconciled;
        std::uint64_t missing = 0;
        for (const auto& range : account.missing) {
            missing += range.last - range.first + 1;
        }
        EXPECT_EQ(missing, 137u) << "batches of " << batch;
        EXPECT_EQ(account.delivered, equipments * 300u - 137);
        EXPECT_EQ(account.duplicated, 20u);
        EXPECT_EQ(account.reordered, 11u);
        EXPECT_EQ(account.unexpected, 0u);
    }
}

TEST_P(EveryDriver, MakesEveryValidationWhileNothingIsAnswered) {
    World world(GetParam(), steady(20s, 5));
    world.set_fault({.kind = server::FaultKind::stall, .at = world.t0 + 2s, .length = 10s, .run = {}});
    const auto result = world.live(20s);
    EXPECT_EQ(result.tally.generated, equipments * 100u);
    EXPECT_EQ(result.tally.acknowledged, equipments * 100u);
    EXPECT_EQ(result.tally.retries, 0u);
    EXPECT_NEAR(seconds(*result.response.max()), 10, 0.2);
}

TEST_P(EveryDriver, TriesAgainWhatTimedOutAndBalances) {
    World world(GetParam(), steady(60s, 2));
    world.set_fault({.kind = server::FaultKind::stall, .at = world.t0 + 10s, .length = 20s, .run = {}});
    const auto result = world.live(60s);
    EXPECT_TRUE(result.tally.balanced());
    EXPECT_EQ(result.tally.generated, equipments * 120u);
    EXPECT_EQ(result.tally.acknowledged, equipments * 120u);
    EXPECT_GT(result.tally.retries, 0u);
    EXPECT_EQ(world.ledger->counts().delivered, equipments * 120u);
    EXPECT_EQ(world.ledger->counts().unexpected, 0u);
}

INSTANTIATE_TEST_SUITE_P(Drivers, EveryDriver,
                         ::testing::Values("mqtt_3_1_1", "mqtt_5", "http2", "grpc", "grpc_stream"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace portillon
