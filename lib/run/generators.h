#pragma once

// The generator's shards as the conductor sees them: started, told what to do, listened to, and mourned.

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
    // Starts the process of a shard, on whatever machine.
    using Start = std::function<Result<std::unique_ptr<link::Worker>>(unsigned shard)>;
    // "generator shard 2 (pid 4711) killed by signal 9", at once.
    using Lost = std::function<void(const std::string& what)>;

    // The loop outlives this.
    Generators(net::Loop& loop, Start start) : start_(std::move(start)), changed_(loop) {}

    // Starts so many shards and sends each the plan. A problem in words, or nothing. Once.
    std::string start(const generator::Plan& plan, unsigned shards, Lost lost);

    // Woken whenever anything below has changed, and by whoever else wants its waiter to look. One waiter.
    net::Wakeup& changed() { return changed_; }

    void connect(Instant from);
    void begin(Instant t0);
    void stop(Instant at);
    void end_drain();
    void close_sessions(Instant deadline);
    void dismiss();  // they exit

    unsigned count() const { return static_cast<unsigned>(shards_.size()); }

    // Whether every living shard has reached a point.
    bool all_prepared() const { return all_at(Stage::prepared); }
    bool all_connected() const { return all_at(Stage::connected); }
    bool all_drained() const { return all_at(Stage::drained); }
    bool all_reported() const { return all_at(Stage::reported); }

    // The first problem that a shard told; empty if none did.
    std::string problem() const;

    // Of all lots, summed over the shards; each shard's last words, when it is dead. Neither `unanswered` nor
    // `response`.
    fleet::Snapshot snapshot() const;
    stats::Histogram last_second() const;
    SoFar& so_far(std::size_t lot) { return so_far_.at(lot); }
    const Machines& machines() const { return machines_; }

    // What was told when it happened, and the shard's number.
    struct Loss {
        unsigned shard = 0;
        std::string what;
    };
    std::vector<Loss> losses() const;

    // Of the shards that lived to tell.
    std::vector<const link::v1::Result*> results(std::size_t lot) const;
    std::vector<const link::v1::Usage*> usages() const;

    // For those that do not get there by themselves.
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
        std::string problem, lost;  // lost: what was told
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
    std::vector<SoFar> so_far_;  // by lot
    Machines machines_;
    bool dismissed_ = false;
};

}  // namespace portillon::run
