#pragma once

// One server process's inside: listeners of every protocol, one ingest behind them, and its share of the figures.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/tcp.h"
#include "server/board.h"
#include "server/drains.h"
#include "server/farewells.h"
#include "server/instruction.h"
#include "server/listener.h"
#include "server/mesh.h"
#include "server/pipeline.h"
#include "server/shared_memory.h"

namespace portillon::server {

class Shard final {
public:
    using Done = std::function<void(const Obeyed&)>;

    // `number` is its place on the board and in the ledgers.
    Shard(net::Loop& loop, const ListenerKinds& kinds, const Limits& limits, Board board, unsigned number);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    // For a shard that is not alone: its listeners reach those of the others. First of all; then join() until it is
    // true, before listen().
    error_code meet(const std::string& group);
    bool join() { return mesh_->join(); }
    void expect_none_of(unsigned shard) { mesh_->expect_none_of(shard); }  // it is dead; before join()

    // Takes connections at `at`, shared with other shards. `listener` is the name of a kind.
    error_code listen(const std::string& listener, const net::Endpoint& at);
    net::Endpoint at(const std::string& listener) const;  // after listen()

    // A connection that did not come through a socket of listen().
    void take(const std::string& listener, std::unique_ptr<net::Transport> transport);
    net::Traffic& traffic() { return traffic_; }

    // `done` is called once, perhaps before this returns.
    void obey(const Instruction& instruction, Done done);

    // No new connections or requests; what faults hold back is answered. Then wait until it is at rest, not too long.
    void stop();
    std::size_t connections() const;
    bool is_at_rest() const { return connections() == 0 && pipeline_.waiting() == 0; }
    bool is_running(Instant now) const { return pipeline_.is_running(now); }  // a run whose T0 has passed is open

    Ingest& ingest() { return pipeline_; }

    // Writes bytes and connections to the board: now and then, and after every instruction by itself.
    void publish();

private:
    struct Place final : Siblings {  // of one protocol
        unsigned number() const override { return mesh->number(); }
        unsigned home_of(std::uint64_t key) const override { return mesh->home_of(key); }
        bool send(unsigned to, std::span<const std::byte> message) override { return mesh->send(to, name, message); }

        std::string name;
        Mesh* mesh = nullptr;
        std::unique_ptr<Listener> listener;
        std::unique_ptr<net::Acceptor> acceptor;
    };

    Place& place(const std::string& listener);
    Obeyed open_run(const OpenRun& instruction);
    void set(const Fault& fault);
    std::size_t dismiss(Listener::Parting parting);

    net::Loop& loop_;
    const ListenerKinds& kinds_;
    Limits limits_;
    const unsigned number_, shards_;
    Figures& figures_;
    const std::uint64_t received_before_, sent_before_;  // by one that was killed in its place
    net::Traffic traffic_;
    std::map<RunId, SharedMemory> memories_;
    Pipeline pipeline_;
    Drains drains_;
    std::optional<Mesh> mesh_;
    std::map<std::string, Place> places_;  // gone before what they answer from
    Farewells farewells_;
};

}  // namespace portillon::server
