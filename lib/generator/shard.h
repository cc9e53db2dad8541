#pragma once

// The inside of a generator's process: it runs a slice of each lot of the fleet as the conductor commands over the
// link. The commands in the order of a run, each with its answer:
//
//     plan -> ready (prepared); connect -> ready (connected), at the latest after start; start;
//     (stop), (drain over) -> drained; close -> results in pieces, reported; bye -> the end
//
// The shard sends a snapshot of each lot every second, from connect on.

#include <functional>
#include <memory>
#include <vector>

#include "driver/kind.h"
#include "fleet/engine.h"
#include "generator/plan.h"
#include "host/facts.h"
#include "link/link.h"
#include "net/dialer.h"
#include "net/faults/faulty_dialer.h"
#include "net/task_group.h"
#include "net/wakeup.h"

namespace portillon::generator {

// The operating system, as far as a shard needs it; tests hand in their own.
struct System {
    std::function<std::unique_ptr<net::Dialer>(std::vector<net::Route>, net::Traffic&)> make_dialer;
    std::function<host::Facts()> look_at_host;
};

class Shard {
public:
    // `ended` is called once, with the exit status, when the conductor has said goodbye or the link has ended. Loop,
    // link and kinds outlive the shard.
    using Ended = std::function<void(int status)>;
    Shard(net::Loop& loop, link::Link& link, const driver::Kinds& kinds, System system, Ended ended);
    ~Shard();
    Shard(const Shard&) = delete;

private:
    struct Lot;

    void heard(const link::v1::LinkMessage& message);
    void prepare();
    std::string set_up();
    std::string set_up(const LotPlan& plan);
    net::Task<void> connect(Instant from);
    void start(Instant t0);
    net::Task<void> live(Instant t0);
    net::Task<void> tell_how_it_connects(Instant from);
    net::Task<void> tell_how_it_goes(Instant t0);
    void tell_how_it_goes(std::uint32_t place);
    net::Task<void> close(Instant deadline);
    void say_ready(std::uint32_t connected, const std::string& problem);

    net::Loop& loop_;
    link::Link& link_;
    const driver::Kinds& kinds_;
    System system_;
    Ended ended_;
    net::Wakeup begin_{loop_};
    net::Wakeup tick_{loop_};
    net::Wakeup connecting_tick_{loop_};
    bool started_ = false;
    net::Traffic traffic_;
    link::v1::GeneratorPlan gathered_;  // the pieces of the plan so far
    std::vector<std::unique_ptr<Lot>> lots_;
    link::v1::Usage usage_;
    enum class Sessions : std::uint8_t { wanted, closing, closed } sessions_ = Sessions::wanted;
    net::TaskGroup tasks_{loop_};
};

// Runs a shard on the link at link::link_descriptor, until it ends. Returns the exit status.
int serve(const driver::Kinds& kinds);

}  // namespace portillon::generator
