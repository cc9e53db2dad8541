#include "server/shard.h"

#include <gtest/gtest.h>

#include "server/piece_listener.h"
#include "server/sample_run.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::server {
namespace {

struct PieceClient final : net::Transport::Reader {
    explicit PieceClient(std::unique_ptr<net::Transport> connected) : transport(std::move(connected)) {
        transport->start(*this);
    }
    void received(std::span<const std::byte> bytes) override {
        answers.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    void ended(const error_code&) override { over = true; }

    std::unique_ptr<net::Transport> transport;
    std::string answers;
    bool over = false;
};

struct ShardScene {
    explicit ShardScene(const Limits& limits = {})
        : shared_memory(SharedMemory::create("figures", SharedFigures::bytes_needed(1)).value()),
          shared_figures(shared_memory.bytes(), 1),
          shard(simulation.loop(), kinds, limits, shared_figures, 0) {}

    std::unique_ptr<PieceClient> connect() {
        auto ends = testing::make_pipe(simulation.loop(), 1ms, client_traffic, shard.traffic());
        shard.take("pieces", std::move(ends.server));
        return std::make_unique<PieceClient>(std::move(ends.client));
    }

    Obeyed obey(const Instruction& instruction) {
        Obeyed answer{.problem = "no answer", .connections_left = 0};
        shard.obey(instruction, [&](const Obeyed& obeyed) { answer = obeyed; });
        return answer;
    }

    testing::Simulation simulation;
    ListenerKinds kinds{piece_listener_kind()};
    SharedMemory shared_memory;
    SharedFigures shared_figures;
    net::Traffic client_traffic;
    SampleRun run;
    Shard shard;
};

TEST(Shard, EndsEveryConnectionAtTheInstantsOfAFault) {
    ShardScene scene;
    const Fault fault{
        .id = 1, .kind = FaultKind::close, .at = scene.simulation.now() + 1s, .length = 1s, .every = 400ms};
    scene.shared_figures.shares()[0].begin(fault);
    EXPECT_EQ(scene.obey(SetFault{fault}).problem, "");
    const auto first = scene.connect();
    const auto second = scene.connect();
    scene.simulation.run_for(990ms);
    EXPECT_FALSE(first->over);
    scene.simulation.run_for(20ms);
    EXPECT_TRUE(first->over && second->over);
    const auto third = scene.connect();
    scene.simulation.run_for(410ms);
    EXPECT_TRUE(third->over);
    scene.simulation.run_for(1s);
    const auto last = scene.connect();
    scene.simulation.run_for(2s);
    EXPECT_FALSE(last->over);
    EXPECT_EQ(scene.shared_figures.shares()[0].struck, 3u);
}

TEST(Shard, TurnsNewConnectionsAwayWhileAFaultLasts) {
    ShardScene scene;
    const auto before = scene.connect();
    const Fault fault{.id = 1, .kind = FaultKind::turn_away, .at = scene.simulation.now(), .length = 1s};
    scene.shared_figures.shares()[0].begin(fault);
    scene.obey(SetFault{fault});
    const auto during = scene.connect();
    scene.simulation.run_for(10ms);
    EXPECT_FALSE(before->over);
    EXPECT_TRUE(during->over);
    scene.simulation.run_for(1s);
    const auto after = scene.connect();
    scene.simulation.run_for(10ms);
    EXPECT_FALSE(after->over);
    EXPECT_EQ(scene.shared_figures.shares()[0].struck, 1u);
}

TEST(Shard, RecordsWhatItsListenersHear) {
    ShardScene scene;
    EXPECT_EQ(scene.obey(OpenRun{scene.run.memory.path()}).problem, "");
    const auto client = scene.connect();
    client->transport->write(scene.run.batch(1, 1, 3));
    scene.simulation.run_for(10ms);
    EXPECT_EQ(client->answers, "y");
    EXPECT_EQ(scene.run.ledger.counts().delivered, 3u);
    scene.shard.publish();
    const Figures& figures = scene.shared_figures.figures(0);
    EXPECT_EQ(figures.accepted.get(), 1u);
    EXPECT_EQ(figures.connections.get(), 1u);
    EXPECT_EQ(figures.bytes_received.get(), scene.run.batch(1, 1, 3).size());
    EXPECT_EQ(figures.bytes_sent.get(), 1u);
}

TEST(Shard, ClosesConnectionsBeyondItsLimit) {
    ShardScene scene({.connections = 2});
    const auto one = scene.connect();
    const auto two = scene.connect();
    const auto three = scene.connect();
    scene.simulation.run_for(10ms);
    EXPECT_TRUE(three->over);
    EXPECT_FALSE(one->over || two->over);
    EXPECT_EQ(scene.shard.connections(), 2u);
    EXPECT_EQ(scene.shared_figures.figures(0).accepted.get(), 3u);
}

TEST(Shard, SaysWhyItCannotOpenARun) {
    ShardScene scene;
    EXPECT_NE(scene.obey(OpenRun{"/proc/self/fd/99999"}).problem, "");
    EXPECT_NE(scene.obey(OpenRun{scene.shared_memory.path()}).problem, "");
}

TEST(Shard, DrainsWhenItsConnectionsAreGone) {
    ShardScene scene;
    scene.obey(OpenRun{scene.run.memory.path()});
    const auto client = scene.connect();
    std::optional<Obeyed> drained;
    const Instant begin = scene.simulation.now();
    scene.shard.obey(DrainRun{scene.run.spec.run, begin + 5s}, [&](const Obeyed& obeyed) { drained = obeyed; });
    scene.simulation.run_for(1s);
    EXPECT_FALSE(drained);
    client->transport->write(scene.run.batch(1, 1, 3));
    client->transport->shut();
    scene.simulation.run_for(50ms);
    ASSERT_TRUE(drained);
    EXPECT_EQ(drained->connections_left, 0u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 3u);
}

TEST(Shard, DrainsAtTheDeadlineWithConnectionsLeftAndNothingHeld) {
    ShardScene scene;
    scene.obey(OpenRun{scene.run.memory.path()});
    scene.obey(SetFault{{.id = 1, .kind = FaultKind::stall, .at = scene.simulation.now(), .length = 1h}});
    const auto client = scene.connect();
    client->transport->write(scene.run.batch(1, 1, 3));
    std::optional<Obeyed> drained;
    scene.shard.obey(DrainRun{scene.run.spec.run, scene.simulation.now() + 5s},
                     [&](const Obeyed& obeyed) { drained = obeyed; });
    scene.simulation.run_for(5s - 1ns);
    EXPECT_FALSE(drained);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
    scene.simulation.run_for(1ns);
    ASSERT_TRUE(drained);
    EXPECT_EQ(drained->connections_left, 1u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 3u);
}

TEST(Shard, AnswersWhatItHoldsWhenItStops) {
    ShardScene scene;
    scene.obey(SetFault{{.id = 1, .kind = FaultKind::stall, .at = scene.simulation.now(), .length = 1h}});
    const auto client = scene.connect();
    client->transport->write(scene.run.batch(1, 1, 3));
    scene.simulation.run_for(10ms);
    EXPECT_EQ(client->answers, "");
    scene.shard.stop();
    scene.simulation.run_for(10ms);
    EXPECT_EQ(client->answers, "y");
    EXPECT_EQ(scene.shard.connections(), 0u);
}

}  // namespace
}  // namespace portillon::server
