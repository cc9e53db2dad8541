#include "server/shard.h"

#include <gtest/gtest.h>

#include <list>

#include "server/sample_run.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::server {
namespace {

// Takes each piece that a connection receives for one batch, and answers with one letter: y, n or m.
class PieceListener final : public Listener, private Answers {
public:
    explicit PieceListener(const ListenerContext& context) : context_(context) {}

    void accepted(std::unique_ptr<net::Transport> transport) override {
        auto& connection = connections_.emplace_back(*this, next_++, std::move(transport));
        connection.transport->start(connection);
    }
    void stop() override { connections_.clear(); }
    std::size_t connections() const override { return connections_.size(); }

private:
    struct Connection final : net::Transport::Reader {
        Connection(PieceListener& owner, std::uint32_t id, std::unique_ptr<net::Transport> connected)
            : listener(owner), number(id), transport(std::move(connected)) {}
        void received(std::span<const std::byte> bytes) override {
            listener.context_.ingest.arrived(bytes, listener, {number, 0, 0});
        }
        void ended(const error_code&) override { listener.forget(number); }

        PieceListener& listener;
        std::uint32_t number;
        std::unique_ptr<net::Transport> transport;
    };

    void decided(const Ticket& ticket, const Decision& decision) override {
        const auto letter = static_cast<std::byte>("ymn"[static_cast<int>(decision.disposition)]);
        for (auto& each : connections_) {
            if (each.number == ticket.connection) {
                each.transport->write({&letter, 1});
            }
        }
    }
    void forget(std::uint32_t number) {
        connections_.remove_if([&](const Connection& each) { return each.number == number; });
    }

    ListenerContext context_;
    std::list<Connection> connections_;
    std::uint32_t next_ = 0;
};

struct Client final : net::Transport::Reader {
    explicit Client(std::unique_ptr<net::Transport> connected) : transport(std::move(connected)) {
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

struct Scene {
    explicit Scene(const Limits& limits = {})
        : board_memory(SharedMemory::create("board", Board::bytes_needed(1)).value()),
          board(board_memory.bytes(), 1),
          shard(simulation.loop(), kinds, limits, board, 0) {}

    std::unique_ptr<Client> connect() {
        auto ends = testing::make_pipe(simulation.loop(), 1ms, client_traffic, shard.traffic());
        shard.take("pieces", std::move(ends.server));
        return std::make_unique<Client>(std::move(ends.client));
    }

    Obeyed obey(const Instruction& instruction) {
        Obeyed answer{.problem = "no answer", .connections_left = 0};
        shard.obey(instruction, [&](const Obeyed& obeyed) { answer = obeyed; });
        return answer;
    }

    testing::Simulation simulation;
    ListenerKinds kinds{{"pieces", [](const ListenerContext& context) -> std::unique_ptr<Listener> {
                             return std::make_unique<PieceListener>(context);
                         }}};
    SharedMemory board_memory;
    Board board;
    net::Traffic client_traffic;
    SampleRun run;
    Shard shard;
};

TEST(Shard, RecordsWhatItsListenersHear) {
    Scene scene;
    EXPECT_EQ(scene.obey(OpenRun{scene.run.memory.path()}).problem, "");
    const auto client = scene.connect();
    client->transport->write(scene.run.batch(1, 1, 3));
    scene.simulation.run_for(10ms);
    EXPECT_EQ(client->answers, "y");
    EXPECT_EQ(scene.run.ledger.counts().delivered, 3u);
    scene.shard.publish();
    const Figures& figures = scene.board.figures(0);
    EXPECT_EQ(figures.accepted.get(), 1u);
    EXPECT_EQ(figures.connections.get(), 1u);
    EXPECT_EQ(figures.bytes_received.get(), scene.run.batch(1, 1, 3).size());
    EXPECT_EQ(figures.bytes_sent.get(), 1u);
}

TEST(Shard, ClosesConnectionsBeyondItsLimit) {
    Scene scene({.connections = 2});
    const auto one = scene.connect();
    const auto two = scene.connect();
    const auto three = scene.connect();
    scene.simulation.run_for(10ms);
    EXPECT_TRUE(three->over);
    EXPECT_FALSE(one->over || two->over);
    EXPECT_EQ(scene.shard.connections(), 2u);
    EXPECT_EQ(scene.board.figures(0).accepted.get(), 3u);
}

TEST(Shard, SaysWhyItCannotOpenARun) {
    Scene scene;
    EXPECT_NE(scene.obey(OpenRun{"/proc/self/fd/99999"}).problem, "");
    EXPECT_NE(scene.obey(OpenRun{scene.board_memory.path()}).problem, "");
}

TEST(Shard, DrainsWhenItsConnectionsAreGone) {
    Scene scene;
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
    Scene scene;
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
    Scene scene;
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
