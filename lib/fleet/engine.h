#pragma once

// The shard's slice of the fleet at work: equipments that connect, turn to what is due, offer it, retry it and account
// for it. Single-threaded, on one loop. In the order of a run:
//
//     connect -> ready -> start -> (stop) -> drained -> close -> result
//
// Open loop: what the server does never changes what is due. Only in a closed loop is a batch due at the instant at
// which the window has room for it, from the equipment's start to the end of the stages.
//
// When a batch is sent. A batch is complete when its max-th validation is due, or `linger` after its first one was due,
// whichever comes first. The equipment's alarm is set to that instant. The equipment then turns to those of the batch
// that are due, and offers as much as the window allows: the oldest first, at most max in a batch. Validations that
// have to wait (window full, offline) are in the cache: a range between two cursors, of which nothing is stored. Above
// the plan's capacity the oldest or the newest of them are discarded, as the plan says.
//
// generator_lag is how late the loop turned to a validation, for every measured one, connected or not. The loop should
// turn to it at its due time with max 1 or linger 0, otherwise when its batch is complete. So linger, which the
// scenario asked for, is not counted as the tool's lateness.
//
// Answers: acknowledged and rejected are final. After throttled, try_again and timed_out the batch waits
// for retry_after if the server named one, otherwise for its own back-off. Broken batches, and batches that timed out
// on a connection that broke later, are offered at once after the reconnect. Retries go before new batches. Reconnects
// have a back-off of their own: it doubles with every dial that fails, and with every connection that breaks before any
// of the batches offered on it is answered or times out.

#include <memory>
#include <string>

#include "base/units.h"
#include "driver/driver.h"
#include "fleet/result.h"
#include "net/loop.h"
#include "net/task.h"
#include "plan/lot.h"

namespace portillon::fleet {

// The state of the slice at an instant, for live progress.
struct Snapshot {
    account::Counts counts;       // only the live ones hold (account/figures.h)
    std::uint64_t in_flight = 0;  // validations; as in Interval
    std::uint64_t cached = 0;
    std::uint64_t connected = 0;   // equipments
    std::uint64_t unanswered = 0;  // measured validations, so far
    std::uint64_t errors = 0;      // as in Result, all together
    std::uint64_t connect_failures = 0;
    std::string response = {};  // packed, of the last closed interval (a second, in short runs), warm-up included
};

// The books of one segment so far. `packed` holds its histograms in the order of `timings`; an empty histogram is "".
struct PartSoFar {
    std::uint32_t segment = 0;
    account::Counts counts;
    std::array<std::string, timings.size()> packed;
};

// Everything that has changed since the last call of Engine::changes(), with its present value; the rest is empty.
struct Changes {
    std::vector<PartSoFar> parts;
    std::string connect, generator_lag;
};

class Engine {
public:
    // Makes the sessions; dials nothing. Loop and driver outlive the engine.
    Engine(net::Loop& loop, driver::Driver& driver, const plan::Lot& lot);
    ~Engine();  // before connect() or after close() has completed
    Engine(const Engine&) = delete;

    // Begins to dial as the plan's start says; `from` may lie in the future. With a start by steps nothing is dialled
    // before start(), but connect() has to be called all the same.
    void connect(Instant from);

    // Completes once every equipment is connected, `within` has passed since `from`, or start() was called; with a
    // start by steps at once. Only one coroutine may wait.
    net::Task<void> ready();

    // Sets T0, which may lie a little in the future. If it lies in the past, the engine catches up.
    void start(Instant t0);

    // Nothing that is due after `at` is generated; the drain begins then. What was generated already stays. No effect
    // before start(): to end an engine that has not started, call close().
    void stop(Instant at);

    // Completes when generation is over and everything is settled, the plan's drain has passed, or end_drain() was
    // called. From then on nothing is offered any more; answers still count until close(). Only one coroutine may wait.
    net::Task<void> drained();

    // Ends the drain: the conductor knows that nothing more will arrive. No effect before the end of generation.
    void end_drain();

    // Closes every session, a few hundred at a time, and has the server forget the state that it keeps of them, offline
    // equipments included. Completes by `deadline`, or at the end of an open() under way if that is later. Whatever is
    // in flight then counts as unacknowledged. May be called instead of drained(), and before start(); only once.
    net::Task<void> close(Instant deadline);

    Snapshot snapshot() const;
    // For thresholds that are judged while the run lasts.
    Changes changes();

    // Call it after close(). Asserts that the tally balances and agrees with the exceptions.
    Result result() const;

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace portillon::fleet
