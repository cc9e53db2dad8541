#pragma once

// The inside of one server process: listeners of every protocol, one ingest behind them, and its share of the figures.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/tcp.h"
#include "server/drains.h"
#include "server/instruction.h"
#include "server/listener.h"
#include "server/mesh.h"
#include "server/pipeline.h"
#include "server/planned_closings.h"
#include "server/shared_figures.h"
#include "server/shared_memory.h"

namespace portillon::server {

class Shard final {
public:
    using Done = std::function<void(const Obeyed&)>;

    // `number` is the shard's place in the shared figures and in the ledgers.
    Shard(net::Loop& loop, const ListenerKinds& kinds, const Limits& limits, SharedFigures shared_figures,
          unsigned number);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    // For a shard that is not alone: its listeners can send to those of the others. Call it first of all, then join()
    // until that returns true, then listen().
    error_code meet(const std::string& group);
    bool join() { return mesh_->join(); }
    void expect_none_of(unsigned shard) { mesh_->expect_none_of(shard); }  // it is dead; before join()

    // Accepts connections at `at`, a port shared with other shards. `listener` is the name of a kind.
    error_code listen(const std::string& listener, const net::Endpoint& at);
    net::Endpoint at(const std::string& listener) const;  // after listen()

    // Takes a connection that was not accepted by listen()'s socket.
    void take(const std::string& listener, std::unique_ptr<net::Transport> transport);
    net::Traffic& traffic() { return traffic_; }

    // `done` is called once, perhaps before this returns.
    void obey(const Instruction& instruction, Done done);

    // Refuses new connections and requests, and answers what faults hold back. Then the owner waits for is_at_rest(),
    // for a bounded time.
    void stop();
    std::size_t connections() const;
    bool is_at_rest() const { return connections() == 0 && pipeline_.waiting() == 0; }
    bool is_running(Instant now) const { return pipeline_.is_running(now); }  // a run whose T0 has passed is open

    Ingest& ingest() { return pipeline_; }

    // Writes bytes and connections to the shared figures: to be called now and then; every instruction calls it, too.
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
    const std::uint64_t received_before_, sent_before_;  // by a killed shard with the same number
    net::Traffic traffic_;
    std::map<RunId, SharedMemory> memories_;
    Pipeline pipeline_;
    Drains drains_;
    std::optional<Mesh> mesh_;
    std::map<std::string, Place> places_;  // destroyed before the pipeline that answers them
    PlannedClosings planned_closings_;
};

}  // namespace portillon::server
