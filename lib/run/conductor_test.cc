// Runs from start to verdict on simulated time: the conductor and complete generator processs in one process, with a
// scripted protocol and a ledger that the test keeps.
#include "run/conductor.h"

#include <gmock/gmock.h>

#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "fleet/scripted.h"
#include "generator/shard.h"
#include "link/stream_link.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::run {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Validations = std::map<EquipmentId, std::set<Sequence>>;

// The validations that arrived at the imaginary server.
struct Arrivals {
    std::map<RunId, Validations> runs;
    std::vector<plan::RunSpec> opened;
    std::vector<std::size_t> faults;
    unsigned frozen = 0, closed = 0;
    // Validations that the server acknowledges and then forgets.
    std::set<Sequence> forgotten_by_equipment_1;
    std::optional<host::Facts> host;
    Nanos busy_from_t0{};
};

class FakeLedger final : public Ledger {
public:
    FakeLedger(Arrivals& arrivals, RunId run) : arrivals_(arrivals), run_(run) {}

    net::Task<std::string> open(plan::RunSpec spec) override {
        arrivals_.opened.push_back(spec);
        co_return std::string();
    }
    net::Task<std::string> start(Instant) override { co_return std::string(); }
    net::Task<std::string> set_fault(scenario::Fault, std::size_t place, Instant) override {
        arrivals_.faults.push_back(place);
        co_return std::string();
    }
    net::Task<std::map<std::size_t, report::Injected>> struck() override {
        co_return std::map<std::size_t, report::Injected>{};
    }
    net::Task<std::optional<ServerFigures>> figures() override {
        ServerFigures figures;
        figures.shards = figures.living = 1;
        if (arrivals_.host) {
            arrivals_.host->at += 10s;
            arrivals_.host->cpu_used += arrivals_.busy_from_t0;
            figures.host = arrivals_.host;
        }
        co_return figures;
    }
    net::Task<std::optional<std::uint64_t>> arrived() override { co_return count(); }
    net::Task<std::string> freeze(Nanos) override {
        ++arrivals_.frozen;
        co_return std::string();
    }
    net::Task<std::optional<LedgerAccount>> reconcile(std::vector<std::optional<std::uint64_t>> generated,
                                                      std::string&) override {
        LedgerAccount account;
        account.counts.delivered = 0;
        std::uint32_t id = 0;
        for (const auto& count : generated) {
            const EquipmentId equipment{++id};
            for (Sequence sequence = 1; sequence <= count.value_or(0); ++sequence) {
                if (arrivals_.runs[run_][equipment].contains(sequence)) {
                    ++account.counts.delivered;
                    account.end_to_end.record(1ms);
                } else {
                    account.missing.push_back({equipment, sequence, sequence});
                }
            }
        }
        co_return account;
    }
    net::Task<std::string> close() override {
        ++arrivals_.closed;
        co_return std::string();
    }

private:
    std::uint64_t count() const {
        std::uint64_t sum = 0;
        for (const auto& [equipment, sequences] : arrivals_.runs[run_]) {
            sum += sequences.size();
        }
        return sum;
    }
    Arrivals& arrivals_;
    RunId run_;
};

class FakeTarget final : public Target {
public:
    explicit FakeTarget(Arrivals& arrivals) : arrivals_(arrivals) {}
    net::Task<std::string> start() override { co_return problem; }
    net::Located at() const override {
        const auto endpoint = *net::parse_endpoint("127.0.0.1:1");
        return net::located(net::url_of("http", endpoint), endpoint);
    }
    std::string name() const override { return is_embedded() ? "embedded" : "http://127.0.0.1:1"; }
    bool is_embedded() const override { return whose == Whose::ours; }
    std::unique_ptr<Ledger> ledger_of(RunId run) override {
        return keeps_ledger ? std::make_unique<FakeLedger>(arrivals_, run) : nullptr;
    }
    bool gone() const override { return false; }
    std::vector<std::string> losses() const override { return {}; }
    void end() override { ++ended; }

    std::string problem;
    enum class Whose : std::uint8_t { ours, theirs } whose = Whose::ours;
    bool keeps_ledger = true;
    unsigned ended = 0;

private:
    Arrivals& arrivals_;
};

// The conductor's end of a link that can be cut, as if the process at the other end had died. The shard there runs on
// to its end, since a coroutine cannot be killed, but nothing of it is heard any more.
class MortalLink final : public link::Link {
public:
    explicit MortalLink(std::unique_ptr<net::Transport> transport) : inner_(std::move(transport)) {}
    void start(Received received, Ended ended) override {
        ended_ = std::move(ended);
        inner_.start(
            [this, received = std::move(received)](const link::v1::LinkMessage& message) {
                if (alive_ && !mute) {
                    received(message);
                }
            },
            [](const error_code&) {});
    }
    void send(const link::v1::LinkMessage& message) override {
        if (alive_) {
            inner_.send(message);
        }
    }
    void close() override { inner_.close(); }
    void cut(Instant now) {
        alive_ = false;
        finish(now);
        ended_(error_code(boost::system::errc::connection_reset, boost::system::generic_category()));
    }
    void finish(Instant now) {
        link::v1::LinkMessage message;
        message.mutable_close()->set_deadline_ns(static_cast<std::uint64_t>(now.time_since_epoch().count()));
        inner_.send(message);
    }
    bool mute = false;

private:
    link::StreamLink inner_;
    Ended ended_;
    bool alive_ = true;
};

class FakeWorker final : public link::Worker {
public:
    FakeWorker(net::Loop& loop, unsigned number, const driver::Kinds& kinds, generator::System system)
        : loop_(loop),
          number_(number),
          pipe_(testing::make_pipe(loop, 0ns, traffic_, traffic_)),
          near_(std::move(pipe_.client)),
          far_(std::move(pipe_.server)),
          shard_(loop, far_, kinds, std::move(system), [](int) {}) {}

    link::Link& link() override { return near_; }
    std::int64_t pid() const override { return 1'000 + number_; }
    std::string ended() override { return ended_; }
    std::string wait() override { return ended_; }
    void kill() override { ended_ = "killed by signal 9"; }

    void die() {
        kill();
        near_.cut(loop_.now());
    }
    void fall_mute() { near_.mute = true; }
    void finish() {
        near_.mute = true;
        near_.finish(loop_.now());
    }

private:
    net::Loop& loop_;
    unsigned number_;
    net::Traffic traffic_;
    testing::PipeEnds pipe_;
    MortalLink near_;
    link::StreamLink far_;
    generator::Shard shard_;
    std::string ended_;
};

class Audience final : public Progress {
public:
    void live(const Live& live) override { lives.push_back(live); }
    void announce(std::string_view line) override { announced.emplace_back(line); }
    void warn(std::string_view line) override { warned.emplace_back(line); }
    std::vector<Live> lives;
    std::vector<std::string> announced, warned;
};

// 20 equipments, each of which produces a validation a second for 10 s, in two shards.
class Run : public ::testing::Test {
protected:
    Run() {
        kind.name = "scripted";
        kind.scheme = "http";
        kind.options_schema = "{}";
        kind.traits = [this](const nlohmann::json&) { return traits; };
        kind.make = [this](const driver::Context& context) { return make_driver(context); };
        order.protocol = &kind;
        auto& lot = order.scenario.lot();
        lot.fleet = {20, plan::StartByRate{Rate{1'000}, 10s}};
        lot.traffic.stages = {{.duration = 10s, .rate = Rate{1}}};
        facts.machine = "a";
        facts.cores = 2;
    }

    // Lets every coroutine run to its end.
    ~Run() override {
        for (FakeWorker* worker : workers) {
            worker->finish();
        }
        simulation.run_for(2min);
    }

    std::unique_ptr<driver::Driver> make_driver(const driver::Context& context) {
        auto driver = std::make_unique<fleet::ScriptedDriver>(context.loop);
        driver->reply = [this, run = context.run](const driver::Batch& batch, Instant now) {
            const auto answer = reply(batch, now);
            const bool arrives = answer.answer == driver::Answer::acknowledged ||  //
                                 answer.answer == driver::Answer::sent;
            for (Sequence sequence = batch.first; arrives && sequence < batch.first + batch.count; ++sequence) {
                if (batch.equipment != fleet::one || !arrivals.forgotten_by_equipment_1.contains(sequence)) {
                    arrivals.runs[run][batch.equipment].insert(sequence);
                }
            }
            return answer;
        };
        driver->dial = dial;
        return driver;
    }

    host::Facts look() {
        host::Facts now = facts;
        now.at = simulation.now();
        const Nanos running = t0 == never ? 0s : std::max(Nanos{0}, simulation.now() - t0);
        now.cpu_used = std::chrono::duration_cast<Nanos>(running * now.cores * busy);
        now.clock_offset = running > 5s ? clock_step : Nanos{0};
        return now;
    }

    Result<std::unique_ptr<link::Worker>> start_shard(unsigned number) {
        auto worker = std::make_unique<FakeWorker>(
            simulation.loop(), number, kinds,
            generator::System{
                .make_dialer = [this](const std::vector<net::Route>&, net::Traffic&) -> std::unique_ptr<net::Dialer> {
                    return std::make_unique<testing::PipeDialer>(simulation.loop(), 0ns,
                                                                 [](EquipmentId, std::unique_ptr<net::Transport>) {});
                },
                .look_at_host = [this] { return look(); }});
        workers.push_back(worker.get());
        if (mute_shard == number) {
            worker->fall_mute();
        }
        return std::unique_ptr<link::Worker>(std::move(worker));
    }

    void begin() {
        kinds = {kind};
        generators.emplace(simulation.loop(), [this](unsigned number) { return start_shard(number); });
        conductor.emplace(order, audience,
                          Conductor::Setup{.loop = simulation.loop(),
                                           .generators = *generators,
                                           .target = target,
                                           .generator_shards = 2,
                                           .target_in_words = "a test",
                                           .server_shards = 1,
                                           .execute = [this](std::vector<std::string> words,
                                                             Nanos) { return execute(std::move(words)); },
                                           .run = RunId{77}});
        tasks.emplace(simulation.loop());
        tasks->spawn(live());
    }
    net::Task<CommandEnd> execute(std::vector<std::string> words) {
        executed.emplace_back(words.front(), simulation.now());
        net::Wakeup pause(simulation.loop());
        co_await pause.until(simulation.now() + 500ms);
        co_return command_end;
    }
    net::Task<void> live() {
        conducted = co_await conductor->live();
        over = simulation.now();
    }
    // Runs until so long after T0. Waits first until T0 is known.
    void run_to(Nanos since_t0) {
        while (t0 == never) {
            simulation.run_for(1ms);
            ASSERT_FALSE(over) << "it was over before T0";
            const auto& lives = audience.lives;
            if (!lives.empty() && lives.back().phase == Phase::running) {
                t0 = simulation.now() - lives.back().elapsed;
            } else if (generators->machines().knows("a") && generators->all_connected() && t0_guess == never) {
                t0_guess = simulation.now() + 400ms;
            }
        }
        if (t0 + since_t0 > simulation.now()) {
            simulation.run_until(t0 + since_t0);
        }
    }
    report::RunReport& live_to_the_end() {
        begin();
        simulation.run_for(5min);
        return report();
    }
    report::RunReport& report() {
        EXPECT_TRUE(over) << "the run did not come to its end";
        EXPECT_EQ(conducted.failure, "");
        if (conducted.reports.empty()) {
            ADD_FAILURE() << "no report";
            conducted.reports.emplace_back();
        }
        return conducted.reports.front();
    }

    testing::Simulation simulation;
    driver::Traits traits{};
    driver::Kind kind;
    driver::Kinds kinds;
    Order order;
    Audience audience;
    Arrivals arrivals;
    FakeTarget target{arrivals};
    std::function<fleet::ScriptedDriver::Reply(const driver::Batch&, Instant)> reply = [](const auto&, Instant) {
        return fleet::ScriptedDriver::Reply{};
    };
    std::function<fleet::ScriptedDriver::Dial(EquipmentId, Instant)> dial = [](EquipmentId, Instant) {
        return fleet::ScriptedDriver::Dial{};
    };
    host::Facts facts;
    double busy = 0.5;
    Nanos clock_step{};
    Instant t0 = never, t0_guess = never;
    Nanos late{};                                           // since the clock's zero
    std::vector<std::pair<std::string, Instant>> executed;  // the program of each command, and when it was started
    CommandEnd command_end{.ended = "exited with 0", .exit_status = 0, .last_line = {}};
    std::optional<unsigned> mute_shard;  // this shard receives messages and never sends any
    std::vector<FakeWorker*> workers;
    std::optional<Generators> generators;
    std::optional<Conductor> conductor;
    RunOutcome conducted;
    std::optional<Instant> over;
    std::optional<net::TaskGroup> tasks;
};

TEST_F(Run, LivesFromItsStartToItsVerdict) {
    const auto& run = live_to_the_end();
    EXPECT_EQ(run.counts.generated, 200u);
    EXPECT_EQ(run.counts.acknowledged, 200u);
    EXPECT_EQ(run.counts.delivered, 200u);
    EXPECT_EQ(run.counts.lost, 0u);
    EXPECT_EQ(run.counts.undelivered, 0u);
    EXPECT_EQ(run.counts.unaccounted, 0u);
    EXPECT_EQ(run.latency.response->histogram.count(), 200u);
    EXPECT_EQ(run.verdict.measurement, report::Measurement::valid) << run.verdict.reasons.front();
    EXPECT_TRUE(run.verdict.complete);
    EXPECT_EQ(run.target, "embedded");
    EXPECT_EQ(run.context.shards, 2u);
    EXPECT_THAT(run.phases, SizeIs(1));
    EXPECT_THAT(audience.announced,
                ElementsAre("20 equipments over scripted to a test: 2 generator processes, 1 server process"));
    EXPECT_THAT(audience.warned, IsEmpty());
    ASSERT_THAT(arrivals.opened, SizeIs(1));
    EXPECT_EQ(arrivals.opened[0].run, RunId{77});
    EXPECT_EQ(arrivals.opened[0].sequences, 12u);
    EXPECT_EQ(arrivals.frozen, 1u);
    EXPECT_EQ(arrivals.closed, 1u);
    EXPECT_EQ(target.ended, 1u);
}

TEST_F(Run, ShowsWhereItStandsEverySecond) {
    live_to_the_end();
    std::vector<Phase> phases;
    for (const auto& live : audience.lives) {
        if (phases.empty() || phases.back() != live.phase) {
            phases.push_back(live.phase);
        }
    }
    EXPECT_THAT(phases, ElementsAre(Phase::connecting, Phase::running, Phase::closing, Phase::reconciling))
        << "there was nothing to drain";
    const auto running = std::count_if(audience.lives.begin(), audience.lives.end(),
                                       [](const Live& live) { return live.phase == Phase::running; });
    EXPECT_GE(running, 10);
    EXPECT_LE(running, 12);
}

TEST_F(Run, ShowsStageFaultAndTimeLeft) {
    order.scenario.lot().traffic.stages = {
        {.duration = 4s, .rate = Rate{1}, .measure = arrival::Measure::off, .name = "warm-up"},
        {.duration = 6s, .rate = Rate{1}, .name = "peak"}};
    order.scenario.faults = {{.kind = faults::Kind::latency, .at = 7s, .during = 2s, .delay = 1ms}};
    begin();
    run_to(3500ms);
    EXPECT_EQ(audience.lives.back().stage, "warm-up, not measured");
    EXPECT_THAT(audience.lives.back().faults, IsEmpty());
    EXPECT_TRUE(audience.lives.back().response_p50) << "warm-up has percentiles, too";
    run_to(8500ms);
    EXPECT_EQ(audience.lives.back().stage, "peak");
    EXPECT_THAT(audience.lives.back().faults, ElementsAre("fault 1 latency 1ms, 1 s left"));
    EXPECT_NEAR(seconds(audience.lives.back().left), 2, 0.1);
}

TEST_F(Run, NamesTheShardThatDiesAndGoesOnWithTheOthers) {
    begin();
    run_to(4500ms);
    workers[1]->die();
    simulation.run_for(5min);
    const auto& run = report();
    EXPECT_EQ(run.verdict.measurement, report::Measurement::invalid);
    EXPECT_THAT(run.verdict.reasons, Contains(AllOf(HasSubstr("generator process 1 (pid 1001) killed by signal 9"),
                                                    HasSubstr("equipments 2, 4, ... 20 (10 of them)"))));
    EXPECT_EQ(run.counts.generated, 100u);
    EXPECT_EQ(run.counts.acknowledged, 100u);
    EXPECT_EQ(run.counts.unaccounted, 10u);
    EXPECT_EQ(run.counts.lost, 0u);
    EXPECT_THAT(audience.warned, Contains("generator process 1 (pid 1001) killed by signal 9"));
}

TEST_F(Run, EndsAtOnceWhenNoShardIsLeft) {
    begin();
    run_to(2500ms);
    const Instant died = simulation.now();
    workers[0]->die();
    workers[1]->die();
    simulation.run_for(5min);
    EXPECT_EQ(report().verdict.measurement, report::Measurement::invalid);
    EXPECT_LT(*over - died, 15s);
}

TEST_F(Run, IsCutShortByCtrlCAndReportsWhatThereIs) {
    begin();
    run_to(3500ms);
    EXPECT_TRUE(conductor->interrupt({SIGINT, simulation.now()}));
    simulation.run_for(5min);
    const auto& run = report();
    EXPECT_EQ(conducted.interrupted_by, SIGINT);
    EXPECT_FALSE(run.verdict.complete);
    EXPECT_GE(run.counts.generated, 60u);
    EXPECT_LE(run.counts.generated, 80u);
    EXPECT_EQ(run.counts.acknowledged, run.counts.generated);
    EXPECT_EQ(run.counts.lost, 0u);
    EXPECT_THAT(audience.warned, Contains(HasSubstr("interrupted")));
    EXPECT_EQ(arrivals.closed, 1u);
}

TEST_F(Run, LeavesTheEndAtOnceToTheCallerWhenTheUserInsists) {
    begin();
    run_to(3500ms);
    EXPECT_TRUE(conductor->interrupt({SIGINT, simulation.now()}));
    simulation.run_for(1s);
    EXPECT_FALSE(conductor->interrupt({SIGINT, simulation.now()}));
    simulation.run_for(5min);
}

TEST_F(Run, IsCutShortWhileItConnects) {
    dial = [](EquipmentId, Instant) { return fleet::ScriptedDriver::Dial{.failure = fleet::refused()}; };
    begin();
    simulation.run_for(2s);
    EXPECT_TRUE(conductor->interrupt({SIGTERM, simulation.now()}));
    simulation.run_for(1min);
    EXPECT_TRUE(over);
    EXPECT_THAT(conducted.reports, IsEmpty());
    EXPECT_EQ(conducted.failure, "");
    EXPECT_EQ(conducted.interrupted_by, SIGTERM);
}

// A fleet that may take a minute to connect, and traffic of ten minutes.
void make_long(Order& order) {
    order.scenario.lot().fleet.start = plan::StartByRate{Rate{1'000}, 60s};
    order.scenario.lot().traffic.stages = {{.duration = 10min, .rate = Rate{1}}};
}

class UnreachedRun : public Run, public ::testing::WithParamInterface<plan::Start> {};

TEST_P(UnreachedRun, IsEndedSoonAndSaysWhy) {
    make_long(order);
    order.scenario.lot().fleet.start = GetParam();
    dial = [](EquipmentId, Instant) { return fleet::ScriptedDriver::Dial{.failure = fleet::refused()}; };
    const Instant began = simulation.now();
    const auto& run = live_to_the_end();
    EXPECT_GE(*over - began, reach_patience);
    EXPECT_LT(*over - began, reach_patience + 3s);
    EXPECT_EQ(run.counts.connects, 0u);
    EXPECT_EQ(run.counts.never_connected, 20u);
    EXPECT_FALSE(run.verdict.complete);
    EXPECT_EQ(run.verdict.ended_because, "no equipment could connect");
    EXPECT_THAT(run.fleet.connect_failures, SizeIs(1));
    EXPECT_THAT(audience.warned, Contains(HasSubstr("no equipment could connect to a test within 5")));
}

INSTANTIATE_TEST_SUITE_P(FoundWhileItConnects, UnreachedRun, ::testing::Values(plan::StartByRate{Rate{1'000}, 60s}));
INSTANTIATE_TEST_SUITE_P(FoundAfterT0, UnreachedRun,
                         ::testing::Values(plan::Start{plan::StartByRate{Rate{1'000}, 1s}},
                                           plan::Start{plan::StartBySteps{5, 1min}}));

TEST_F(Run, WaitsForATargetThatIsALittleLate) {
    dial = [this](EquipmentId, Instant now) {
        return now < Instant{} + late ? fleet::ScriptedDriver::Dial{.failure = fleet::refused()}
                                      : fleet::ScriptedDriver::Dial{};
    };
    late = simulation.now().time_since_epoch() + 4s;
    order.scenario.lot().fleet.start = plan::StartByRate{Rate{1'000}, 60s};
    const auto& run = live_to_the_end();
    EXPECT_TRUE(run.verdict.complete);
    EXPECT_EQ(run.counts.acknowledged, 200u);
    EXPECT_EQ(run.counts.never_connected, 0u);
}

TEST_F(Run, GoesOnForTheOnlyEquipmentThatConnects) {
    order.scenario.lot().fleet.start = plan::StartByRate{Rate{1'000}, 20s};
    dial = [](EquipmentId equipment, Instant) {
        return equipment == fleet::one ? fleet::ScriptedDriver::Dial{}
                                       : fleet::ScriptedDriver::Dial{.failure = fleet::refused()};
    };
    const auto& run = live_to_the_end();
    EXPECT_TRUE(run.verdict.complete);
    EXPECT_EQ(run.counts.never_connected, 19u);
    EXPECT_EQ(run.counts.acknowledged, 10u);
}

TEST_F(Run, GoesOnWhenAFaultOfTheScenarioKeepsTheEquipmentsOut) {
    order.scenario.lot().fleet.start = plan::StartBySteps{20, 1s};
    order.scenario.lot().traffic.stages = {{.duration = 30s, .rate = Rate{1}}};
    order.scenario.faults = {{.kind = faults::Kind::refuse, .at = 0s, .during = 10s}};
    late = simulation.now().time_since_epoch() + 15s;
    dial = [this](EquipmentId, Instant now) {
        return now < Instant{} + late ? fleet::ScriptedDriver::Dial{.failure = fleet::refused()}
                                      : fleet::ScriptedDriver::Dial{};
    };
    const auto& run = live_to_the_end();
    EXPECT_TRUE(run.verdict.complete);
    EXPECT_EQ(run.counts.never_connected, 0u);
}

TEST_F(Run, DrainsUntilTheLastIsAnswered) {
    // The server holds everything back until two seconds after the end.
    reply = [this](const driver::Batch&, Instant now) {
        return fleet::ScriptedDriver::Reply{.after = t0_guess + 12s - now};
    };
    order.scenario.lot().delivery.timeout = 60s;
    order.scenario.lot().delivery.in_flight = 100;
    begin();
    run_to(11500ms);
    EXPECT_EQ(audience.lives.back().phase, Phase::draining);
    simulation.run_for(5min);
    const auto& run = report();
    EXPECT_EQ(run.counts.acknowledged, 200u);
    EXPECT_GT(run.latency.response->histogram.max(), 11s);
}

TEST_F(Run, EndsTheDrainWhenItsTimeIsUp) {
    reply = [](const driver::Batch& batch, Instant) {
        return fleet::ScriptedDriver::Reply{
            .answer = driver::Answer::try_again,
            .after = batch.equipment == fleet::one ? fleet::ScriptedDriver::never_answered : 1ms};
    };
    order.scenario.lot().delivery.drain = 7s;
    order.scenario.lot().delivery.timeout = 60s;
    begin();
    run_to(0s);
    simulation.run_for(5min);
    const auto& run = report();
    EXPECT_EQ(run.counts.acknowledged, 0u);
    EXPECT_EQ(run.counts.undelivered, 200u);
    EXPECT_EQ(run.counts.lost, 0u) << "nothing was promised";
    EXPECT_GE(*over - t0, 17s);
    EXPECT_LT(*over - t0, 20s);
}

TEST_F(Run, FindsWhatWasAcknowledgedAndIsNotThere) {
    arrivals.forgotten_by_equipment_1 = {3, 4};
    const auto& run = live_to_the_end();
    EXPECT_EQ(run.counts.acknowledged, 200u);
    EXPECT_EQ(run.counts.delivered, 198u);
    EXPECT_EQ(run.counts.lost, 2u);
    ASSERT_THAT(run.delivery.exceptions, SizeIs(1));
    EXPECT_EQ(run.delivery.exceptions[0].first, 3u);
    EXPECT_EQ(run.delivery.exceptions[0].last, 4u);
}

TEST_F(Run, WaitsForTheLedgerToStandStillWhereNothingIsAcknowledged) {
    traits.acknowledges = driver::Traits::Acknowledges::no;
    reply = [](const auto&, Instant) { return fleet::ScriptedDriver::Reply{.answer = driver::Answer::sent}; };
    const auto& run = live_to_the_end();
    EXPECT_EQ(run.counts.delivered, 200u);
    EXPECT_EQ(run.counts.lost, std::nullopt);
    EXPECT_FALSE(run.latency.response);
}

TEST_F(Run, IsEndedByAThresholdThatDoesNotHold) {
    reply = [](const auto&, Instant) { return fleet::ScriptedDriver::Reply{.after = 300ms}; };
    order.scenario.thresholds = {{"response", "p(95)<100ms", 0, scenario::Threshold::Breach::aborts, 3s}};
    const auto& run = live_to_the_end();
    EXPECT_EQ(run.verdict.aborted_by, "response: p(95)<100ms");
    EXPECT_FALSE(run.verdict.complete);
    EXPECT_LT(run.counts.generated, 120u);
    EXPECT_THAT(audience.warned, Contains(HasSubstr("does not hold")));
}

TEST_F(Run, IsSuspectOnABusyMachine) {
    busy = 0.99;
    begin();
    run_to(0s);
    simulation.run_for(5min);
    EXPECT_EQ(report().verdict.measurement, report::Measurement::suspect);
    EXPECT_THAT(report().verdict.reasons, Contains(HasSubstr("% busy")));
}

TEST_F(Run, IsSuspectWhenTheServersMachineIsBusy) {
    arrivals.host = host::Facts{.machine = "b", .cores = 4, .at = Instant{1h}};
    arrivals.busy_from_t0 = 39s;
    const auto& run = live_to_the_end();
    EXPECT_EQ(run.verdict.measurement, report::Measurement::suspect);
    EXPECT_THAT(run.verdict.reasons, Contains(HasSubstr("% busy")));
}

TEST_F(Run, IsSuspectWhenAClockIsSet) {
    clock_step = -3s;
    begin();
    run_to(0s);
    simulation.run_for(5min);
    EXPECT_EQ(report().verdict.measurement, report::Measurement::suspect);
    EXPECT_THAT(report().verdict.reasons, Contains(HasSubstr("clock")));
}

TEST_F(Run, FailsWithTheTarget) {
    target.problem = "no room at the inn";
    begin();
    simulation.run_for(1s);
    EXPECT_TRUE(over);
    EXPECT_EQ(conducted.failure, "no room at the inn");
    EXPECT_THAT(conducted.reports, IsEmpty());
    EXPECT_THAT(workers, IsEmpty());
}

TEST_F(Run, FailsWhenAShardNeverAnswers) {
    mute_shard = 1;
    begin();
    simulation.run_for(59s);
    EXPECT_FALSE(over);
    simulation.run_for(30s);
    EXPECT_TRUE(over);
    EXPECT_EQ(conducted.failure, "a generator process does not answer");
}

TEST_F(Run, DoesWithoutALedgerWhatCanBeDoneWithoutOne) {
    target.keeps_ledger = false;
    target.whose = FakeTarget::Whose::theirs;
    const auto& run = live_to_the_end();
    EXPECT_EQ(run.counts.acknowledged, 200u);
    EXPECT_EQ(run.counts.delivered, std::nullopt);
    EXPECT_EQ(run.counts.lost, std::nullopt);
    EXPECT_EQ(run.target, "http://127.0.0.1:1");
}

TEST_F(Run, TellsTheServerItsFaultsAndTheGeneratorsTheirs) {
    order.scenario.faults = {{.kind = faults::Kind::stall, .at = 1s, .during = 1s},
                             {.kind = faults::Kind::latency, .at = 2s, .during = 1s, .delay = 1ms}};
    live_to_the_end();
    EXPECT_THAT(arrivals.faults, ElementsAre(0u));
}

TEST_F(Run, ExecutesTheCommandsOfItsFaults) {
    order.scenario.faults = {{.kind = faults::Kind::latency, .at = 1s, .during = 1s, .delay = 1ms},
                             {.kind = faults::Kind::command, .at = 3s, .during = 4s, .run = "stop", .until = "start"}};
    begin();
    run_to(3s + 1ms);
    ASSERT_THAT(executed, SizeIs(1));
    EXPECT_EQ(executed[0].first, "stop");
    EXPECT_NEAR(seconds(executed[0].second - t0), 3, 0.01);
    simulation.run_for(5min);
    ASSERT_THAT(executed, SizeIs(2));
    EXPECT_NEAR(seconds(executed[1].second - t0), 7, 0.01);
    const auto& run = report();
    EXPECT_THAT(arrivals.faults, IsEmpty()) << "the server is not told";
    ASSERT_THAT(run.faults[1].commands, SizeIs(2));
    EXPECT_THAT(run.faults[0].commands, IsEmpty());
    EXPECT_DOUBLE_EQ(run.faults[1].commands[1].took_s, 0.5);
    EXPECT_EQ(run.verdict.measurement, report::Measurement::valid);
}

TEST_F(Run, IsSuspectWhenACommandFails) {
    command_end = {.ended = "exited with 5", .exit_status = 5, .last_line = "no such unit"};
    order.scenario.faults = {{.kind = faults::Kind::command, .at = 3s, .run = "stop"}};
    const auto& run = live_to_the_end();
    EXPECT_EQ(run.verdict.measurement, report::Measurement::suspect);
    EXPECT_THAT(run.verdict.reasons,
                ElementsAre("a command of a fault failed: fault 1: stop exited with 5 after 500 ms (no such unit)"));
    EXPECT_THAT(audience.warned, ElementsAre("fault 1: stop exited with 5 after 500 ms (no such unit)"));
}

TEST_F(Run, EndsItsCommandsAfterCtrlC) {
    order.scenario.faults = {{.kind = faults::Kind::command, .at = 3s, .during = 6s, .run = "stop", .until = "start"},
                             {.kind = faults::Kind::command, .at = 5s, .run = "never"}};
    begin();
    run_to(4500ms);
    EXPECT_TRUE(conductor->interrupt({SIGINT, simulation.now()}));
    EXPECT_FALSE(conductor->interrupt({SIGINT, simulation.now() + 1ms}));
    EXPECT_THAT(audience.warned, Contains(HasSubstr("its end was not executed: start")));
    simulation.run_for(5min);
    ASSERT_THAT(executed, SizeIs(2));
    EXPECT_EQ(executed[1].first, "start");
    EXPECT_NEAR(seconds(executed[1].second - t0), 4.5, 0.1);
    EXPECT_FALSE(report().faults[1].happened);
}

TEST_F(Run, EndsItsCommandsWithItsDrain) {
    order.scenario.faults = {{.kind = faults::Kind::command, .at = 9s, .during = 60s, .run = "stop", .until = "start"}};
    live_to_the_end();
    ASSERT_THAT(executed, SizeIs(2));
    EXPECT_LT(executed[1].second - executed[0].second, 3s) << "there was nothing to drain";
}

TEST_F(Run, KeepsTheAccountsOfItsLotsApart) {
    order.scenario.lots.push_back(order.scenario.lots.front());
    order.scenario.lots[1].fleet.equipments = 5;
    order.scenario.lots[1].traffic.stages = {{.duration = 4s, .rate = Rate{2}}};
    arrivals.forgotten_by_equipment_1 = {9};  // only in the first lot: equipment 1 of the second has eight validations
    live_to_the_end();
    ASSERT_THAT(conducted.reports, SizeIs(2));
    const auto& first = conducted.reports[0];
    const auto& second = conducted.reports[1];
    EXPECT_EQ(first.counts.generated, 200u);
    EXPECT_EQ(first.counts.lost, 1u);
    EXPECT_EQ(second.counts.generated, 40u);
    EXPECT_EQ(second.counts.equipments, 5u);
    EXPECT_EQ(second.counts.lost, 0u);
    EXPECT_EQ(second.counts.delivered, 40u);
    ASSERT_THAT(arrivals.opened, SizeIs(2));
    EXPECT_NE(arrivals.opened[0].run, arrivals.opened[1].run);
    EXPECT_EQ(arrivals.opened[1].equipments, 5u);
    EXPECT_EQ(audience.lives.back().equipments, 25u);
}

}  // namespace
}  // namespace portillon::run
