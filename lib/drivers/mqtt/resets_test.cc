// A fleet with its real listener and the real ledger, on simulated time, while connections break at random on either
// side: checks the promises of QoS 0, 1 and 2 for every validation.

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/random.h"
#include "drivers/mqtt/kind.h"
#include "fleet/engine.h"
#include "net/task_group.h"
#include "server/listeners/mqtt/kind.h"
#include "server/pipeline.h"
#include "server/shared_figures.h"
#include "testing/pipe.h"
#include "testing/simulation.h"
#include "wire/mqtt/framer.h"

namespace portillon::drivers::mqtt {
namespace {

constexpr std::uint32_t equipments = 100;
constexpr RunId run{0x1234};

// When connections break, and the counts of the packets that went in and came out.
struct Weather {
    Random random;
    Instant begin = never, end = never;
    std::uint64_t resets = 0, publishes_written = 0, publishes_received = 0;

    // Either end of a connection breaks after 200 ms on average, so a connection after 100 ms.
    Instant next_reset(Instant now) {
        const Instant from = std::max(now, begin);
        const Instant at = from + Nanos{static_cast<std::int64_t>(random.exponential() * 200e6)};
        return at < end ? at : never;
    }
};

class FragileTransport final : public net::Transport, private net::Transport::Reader, private Alarm {
public:
    FragileTransport(net::Loop& loop, Weather& weather, std::unique_ptr<net::Transport> inner)
        : loop_(loop), weather_(weather), inner_(std::move(inner)) {}

    net::Task<error_code> connect(Instant deadline) override { return inner_->connect(deadline); }
    void start(net::Transport::Reader& reader) override {
        reader_ = &reader;
        inner_->start(*this);
        if (const Instant at = weather_.next_reset(loop_.now()); at != never) {
            loop_.timers().set(*this, at);
        }
    }
    void write(std::span<const std::byte> bytes) override {
        weather_.publishes_written += publishes_in(written_, bytes);
        inner_->write(bytes);
    }
    std::size_t unsent() const override { return inner_->unsent(); }
    void pause() override { inner_->pause(); }
    void resume() override { inner_->resume(); }
    void shut() override { inner_->shut(); }
    void close() override {
        cancel();
        inner_->close();
    }
    void reset() override {
        cancel();
        inner_->reset();
    }

private:
    static std::uint64_t publishes_in(wire::mqtt::Framer& framer, std::span<const std::byte> bytes) {
        std::uint64_t count = 0;
        framer.feed(bytes);
        while (const auto frame = framer.next()) {
            count += frame->type() == wire::mqtt::PacketType::publish ? 1 : 0;
        }
        return count;
    }

    void received(std::span<const std::byte> bytes) override {
        weather_.publishes_received += publishes_in(received_, bytes);
        reader_->received(bytes);
    }
    void ended(const error_code& cause) override {
        cancel();
        reader_->ended(cause);
    }
    void drained() override { reader_->drained(); }
    void ring(Instant) override {  // bytes in flight to this end are lost
        ++weather_.resets;
        inner_->reset();
        reader_->ended(boost::asio::error::make_error_code(boost::asio::error::connection_reset));
    }

    net::Loop& loop_;
    Weather& weather_;
    std::unique_ptr<net::Transport> inner_;
    net::Transport::Reader* reader_ = nullptr;
    wire::mqtt::Framer written_, received_;
};

struct FragileDialer final : net::Dialer {
    FragileDialer(net::Loop& its_loop, Weather& its_weather, net::Dialer& its_inner)
        : loop(its_loop), weather(its_weather), inner(its_inner) {}
    std::unique_ptr<net::Transport> dial(EquipmentId equipment) override {
        return std::make_unique<FragileTransport>(loop, weather, inner.dial(equipment));
    }
    net::Loop& loop;
    Weather& weather;
    net::Dialer& inner;
};

struct World {
    World(const char* version, int qos, std::uint64_t seed)
        : weather{Random(seed)},
          options{{"version", version}, {"qos", qos}},
          plan{.run = run,
               .seed = seed,
               .equipments = equipments,
               .schedule = {{}, arrival::Stages({{20s, 20, 20, arrival::Measure::on}}), seed},
               .start = {},
               .delivery = {.retry = {.base = 1ms, .max = 20ms}}} {
        const plan::RunSpec spec{run, {seed, plan.payload_bytes}, equipments, 10'000, {}};
        ledger_bytes.resize(server::Ledger::bytes_needed(spec, 1) / 64 + 1);
        ledger.emplace(server::Ledger::create(std::as_writable_bytes(std::span(ledger_bytes)), spec, 1));
        shared_bytes.resize(server::SharedFigures::bytes_needed(1) / 64 + 1);
        shared_figures.emplace(std::as_writable_bytes(std::span(shared_bytes)), 1);
        ingest.emplace(simulation.loop(), 0, shared_figures->figures(0), shared_figures->shares());
        ingest->open(*ledger);
        listener =
            server::listeners::mqtt::kind().make({simulation.loop(), *ingest, limits, shared_figures->figures(0)});
        driver = kind().make(
            {simulation.loop(), fragile_dialer, target, options, plan.encoding, plan.delivery.in_flight, run});
        engine.emplace(simulation.loop(), *driver, plan);
        weather.begin = t0 + 5s;
        weather.end = t0 + 15s;
    }

    fleet::Result live() {
        engine->connect(simulation.now());
        engine->start(t0);
        ledger->start(t0);
        tasks.spawn(finish());
        simulation.run_for(2min);
        EXPECT_TRUE(result) << "the fleet did not come to its end";
        EXPECT_EQ(result->counts.generated, equipments * 400u);
        EXPECT_TRUE(account::is_balanced(result->counts));
        EXPECT_GT(weather.resets, equipments * 50u) << "about 100 each";
        EXPECT_EQ(ledger->counts().unexpected, 0u);
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
    testing::Simulation simulation;
    Weather weather;
    nlohmann::json options;
    net::TaskGroup tasks{simulation.loop()};
    Instant t0 = simulation.now() + 1s;
    plan::Lot plan;
    std::vector<Line> ledger_bytes, shared_bytes;
    std::optional<server::Ledger> ledger;
    std::optional<server::SharedFigures> shared_figures;
    std::optional<server::Pipeline> ingest;
    server::Limits limits;
    std::unique_ptr<server::Listener> listener;
    testing::PipeDialer dialer{
        simulation.loop(), 3ms, [this](EquipmentId, std::unique_ptr<net::Transport> transport) {
            listener->accepted(std::make_unique<FragileTransport>(simulation.loop(), weather, std::move(transport)));
        }};
    FragileDialer fragile_dialer{simulation.loop(), weather, dialer};
    net::Url target{"test", "localhost", 1, ""};
    std::unique_ptr<driver::Driver> driver;
    std::optional<fleet::Engine> engine;
    std::optional<fleet::Result> result;
};

class MqttUnderResets : public ::testing::TestWithParam<std::tuple<const char*, std::uint64_t>> {
protected:
    World& world(int qos) {
        const auto [version, seed] = GetParam();
        world_ = std::make_unique<World>(version, qos, seed);
        return *world_;
    }
    std::unique_ptr<World> world_;
};

TEST_P(MqttUnderResets, Qos2DeliversEverythingOnce) {
    World& its = world(2);
    const auto result = its.live();
    EXPECT_EQ(result.counts.acknowledged, result.counts.generated);
    EXPECT_EQ(its.ledger->counts().delivered, result.counts.generated);
    EXPECT_EQ(its.ledger->counts().duplicated, 0u);
    EXPECT_GT(its.weather.publishes_received, result.counts.generated) << "there was something to suppress";
}

TEST_P(MqttUnderResets, Qos1LosesNothingAndDuplicatesAreCounted) {
    World& its = world(1);
    const auto result = its.live();
    EXPECT_EQ(result.counts.acknowledged, result.counts.generated);
    EXPECT_EQ(its.ledger->counts().delivered, result.counts.generated);
    EXPECT_EQ(its.ledger->counts().duplicated, its.weather.publishes_received - result.counts.generated);
    EXPECT_GT(its.ledger->counts().duplicated, 0u);
}

TEST_P(MqttUnderResets, Qos0LosesWhatWasDroppedOnTheWay) {
    World& its = world(0);
    const auto result = its.live();
    EXPECT_EQ(result.counts.unacknowledged, result.counts.generated) << "each was sent";
    EXPECT_EQ(its.weather.publishes_written, result.counts.generated) << "and only once";
    const std::uint64_t dropped = its.weather.publishes_written - its.weather.publishes_received;
    EXPECT_GT(dropped, 0u);
    EXPECT_EQ(its.ledger->counts().delivered, result.counts.generated - dropped);
    EXPECT_EQ(its.ledger->counts().duplicated, 0u);
}

INSTANTIATE_TEST_SUITE_P(Versions, MqttUnderResets,
                         ::testing::Combine(::testing::Values("5", "3.1.1"), ::testing::Values(1, 2, 3)),
                         [](const auto& each) {
                             return std::string(std::get<0>(each.param)[0] == '5' ? "five" : "three") + "_seed_" +
                                    std::to_string(std::get<1>(each.param));
                         });

}  // namespace
}  // namespace portillon::drivers::mqtt
