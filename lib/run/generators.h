#pragma once

// The generator's shards as the conductor sees them: started, told what to do, listened to, and mourned.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fleet/engine.h"
#include "net/wakeup.h"
#include "run/link.h"
#include "run/process.h"
#include "run/so_far.h"
#include "stats/histogram.h"

namespace portillon::run {

class Generators {
public:
    // "generator shard 2 (pid 4711) killed by signal 9", at once.
    using Lost = std::function<void(const std::string& what)>;

    // `changed` is woken whenever anything below has changed. It and the loop outlive this.
    Generators(net::Loop& loop, net::Wakeup& changed, Lost lost)
        : loop_(loop), changed_(changed), lost_(std::move(lost)) {}

    // Starts `plan.shards()` processes and sends each the plan with its own number. A problem in words, or nothing.
    std::string start(v1::GeneratorPlan plan);

    void connect(Instant from);
    void begin(Instant t0);
    void stop(Instant at);
    void end_drain();
    void close_sessions(Instant deadline);
    void dismiss();  // they exit

    unsigned count() const { return static_cast<unsigned>(shards_.size()); }

    // Whether every living shard has reached a point.
    bool all_prepared() const;
    bool all_connected() const;
    bool all_drained() const;
    bool all_reported() const;

    // The first problem that a shard told; empty if none did.
    std::string problem() const;

    // Summed over the shards; each shard's last words, when it is dead. Neither `unanswered` nor `response`.
    fleet::Snapshot snapshot() const;
    stats::Histogram last_second() const;
    SoFar& so_far() { return so_far_; }

    // What was told when it happened, and the shard's number.
    struct Loss {
        unsigned shard = 0;
        std::string what;
    };
    std::vector<Loss> losses() const;

    // Of the shards that lived to tell.
    std::vector<const v1::Result*> results() const;

    // For those that do not get there by themselves.
    void kill_unconnected() { kill_before(Stage::connected); }
    void kill_unreported() { kill_before(Stage::reported); }

private:
    enum class Stage : std::uint8_t { started, prepared, connected, drained, reported };
    struct Shard {
        unsigned number = 0;
        std::optional<Process> process;
        std::unique_ptr<Link> link;
        Stage stage = Stage::started;
        std::string problem, lost;  // lost: what was told
        v1::Snapshot snapshot;
        v1::Result result;
    };

    void tell(const v1::LinkMessage& message);
    void heard(Shard& shard, const v1::LinkMessage& message);
    bool all_at(Stage stage) const;
    void ended(Shard& shard, const error_code& cause);
    void lose(Shard& shard, const std::string& how);
    void kill_before(Stage stage);

    net::Loop& loop_;
    net::Wakeup& changed_;
    Lost lost_;
    std::vector<std::unique_ptr<Shard>> shards_;
    SoFar so_far_;
    bool dismissed_ = false;
};

}  // namespace portillon::run
