#pragma once

// The generator's shards as the conductor sees them: starts them, sends them commands, keeps what they send, and
// notices when one is lost.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fleet/engine.h"
#include "generator/plan.h"
#include "link/worker.h"
#include "net/wakeup.h"
#include "run/machines.h"
#include "run/so_far.h"
#include "stats/histogram.h"

namespace portillon::run {

class Generators {
public:
    // Starts the process of a shard, on this machine or another.
    using Start = std::function<Result<std::unique_ptr<link::Worker>>(unsigned shard)>;
    // Called at once when a shard is lost: "generator shard 2 (pid 4711) killed by signal 9".
    using Lost = std::function<void(const std::string& what)>;

    // The loop outlives the generators.
    Generators(net::Loop& loop, Start start) : start_(std::move(start)), changed_(loop) {}

    // Starts so many shards and sends each its plan. Returns a problem in words, or an empty text. Call it once.
    std::string start(const generator::Plan& plan, unsigned shards, Lost lost);

    // Wakes its one waiter whenever anything below has changed. Others may wake it too, to have the waiter look.
    net::Wakeup& changed() { return changed_; }

    void connect(Instant from);
    void begin(Instant t0);
    void stop(Instant at);
    void end_drain();
    void close_sessions(Instant deadline);
    void dismiss();  // tells them to exit

    unsigned count() const { return static_cast<unsigned>(shards_.size()); }

    // Whether every living shard has reached a point.
    bool all_prepared() const { return all_at(Stage::prepared); }
    bool all_connected() const { return all_at(Stage::connected); }
    bool all_drained() const { return all_at(Stage::drained); }
    bool all_reported() const { return all_at(Stage::reported); }

    // The first problem that a shard has reported; empty if none has.
    std::string problem() const;

    // The sum of the latest snapshots of all shards and lots. Of a dead shard its last counts stay, but not its gauges.
    // `unanswered` and `response` are not set.
    fleet::Snapshot snapshot() const;
    stats::Histogram last_second() const;
    SoFar& so_far(std::size_t lot) { return so_far_.at(lot); }
    const Machines& machines() const { return machines_; }

    // A lost shard: its number, and the text that was given to Lost.
    struct Loss {
        unsigned shard = 0;
        std::string what;
    };
    std::vector<Loss> losses() const;

    // The results and usages of the shards that have reported.
    std::vector<const link::v1::Result*> results(std::size_t lot) const;
    std::vector<const link::v1::Usage*> usages() const;

    // Kill the shards that have not reached this point; they count as lost.
    void kill_unconnected() { kill_before(Stage::connected); }
    void kill_unreported() { kill_before(Stage::reported); }

private:
    enum class Stage : std::uint8_t { started, prepared, connected, drained, reported };
    struct Lot {
        link::v1::Snapshot snapshot;
        link::v1::Result result;  // the pieces so far, merged
    };
    struct Shard {
        unsigned number = 0;
        std::unique_ptr<link::Worker> worker;
        Stage stage = Stage::started;
        // The problem that the shard reported, and the text that was given to Lost; empty: none, and it lives.
        std::string problem, lost;
        std::vector<Lot> lots;
        link::v1::Usage usage;
    };

    void tell(const link::v1::LinkMessage& message);
    void heard(Shard& shard, const link::v1::LinkMessage& message);
    void heard_of_lot(Shard& shard, const link::v1::LinkMessage& message);
    bool all_at(Stage stage) const;
    void ended(Shard& shard, const error_code& cause);
    void lose(Shard& shard, const std::string& how);
    void kill_before(Stage stage);

    Start start_;
    net::Wakeup changed_;
    Lost lost_;
    std::vector<std::unique_ptr<Shard>> shards_;
    std::vector<SoFar> so_far_;  // one for each lot
    Machines machines_;
    bool dismissed_ = false;
};

}  // namespace portillon::run
