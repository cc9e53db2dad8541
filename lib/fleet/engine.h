#pragma once

// The shard's slice of the fleet at work: equipments that connect, turn to what is due, offer it, retry it and account
// for it. Single-threaded, on one loop. In the order of a run:
//
//     connect -> ready -> start -> (stop) -> drained -> close -> result
//
// Open loop: what the server does never changes what is due. Only in a closed loop a batch is due the instant a
// place in the window is free, from the equipment's start to the end of the stages.
//
// When a batch goes. A batch is complete when its max-th validation is due or `linger` after its first one was,
// whichever comes first: that is the instant at which the equipment has to act, and where its alarm is set. It then
// turns to whatever of its batch is due, and offers as much as the window allows, at most max at a time, oldest first.
// What has to wait (window full, offline) is the cache: a range between two cursors, of which nothing is stored. Above
// the plan's capacity the oldest never offered are discarded.
//
// generator_lag is, for every measured validation, connected or not, the instant at which the loop turned to it less
// the instant at which it should have: its due time with max 1 or linger 0, else the completion of its batch. So
// linger, which the scenario asked for, is not counted as the tool's lateness.
//
// What is answered: acknowledged and rejected are final. throttled, try_again and timed_out wait for retry_after if the
// server named one, else for the batch's own backoff; broken batches, and the timed-out ones of a connection that
// broke, go at once after the reconnect. Retries keep their place before new batches. The reconnect's own backoff
// doubles with every dial that fails, and with every connection that breaks before any of the batches that it was
// offered is answered or times out.

#include <memory>
#include <string>

#include "base/units.h"
#include "driver/driver.h"
#include "fleet/result.h"
#include "net/loop.h"
#include "net/task.h"
#include "plan/lot.h"

namespace portillon::fleet {

// Where the slice stands, for live progress.
struct Snapshot {
    account::Counts counts;       // those that are live (account/figures.h)
    std::uint64_t in_flight = 0;  // validations; as in Interval
    std::uint64_t cached = 0;
    std::uint64_t connected = 0;   // equipments
    std::uint64_t unanswered = 0;  // measured validations, so far
    std::uint64_t errors = 0;      // as in Result, all together
    std::uint64_t connect_failures = 0;
    std::string response = {};  // of the last closed interval (a second, in short runs), as in Interval
};

// The books of a segment so far; histograms are packed, in the order of `timings`, and empty when they are.
struct PartSoFar {
    std::uint32_t segment = 0;
    account::Counts counts;
    std::array<std::string, timings.size()> packed;
};

// Whatever has changed since it was last asked for, as it stands; the rest is empty.
struct Changes {
    std::vector<PartSoFar> parts;
    std::string connect, generator_lag;
};

class Engine {
public:
    // Everything outlives the engine. Makes the sessions; dials nothing.
    Engine(net::Loop& loop, driver::Driver& driver, const plan::Lot& lot);
    ~Engine();  // before connect() or after close() has completed
    Engine(const Engine&) = delete;

    // Begins to dial as the plan's start says; `from` may lie in the future. With steps nothing is dialled before
    // start(), but this is needed all the same.
    void connect(Instant from);

    // Completes once every equipment is connected or `within` has passed since `from`; with steps at once. One waiter.
    net::Task<void> ready();

    // Gives T0, which may lie a little in the future; or in the past, and then it catches up.
    void start(Instant t0);

    // Nothing due after `at` is generated; the drain begins then. What was generated already stays. Without effect
    // before start(): what is not to start is closed.
    void stop(Instant at);

    // Completes when generation is over and everything is settled, the plan's drain has passed, or end_drain() was
    // called. From then on nothing is offered any more; answers still count until close(). One waiter.
    net::Task<void> drained();

    // The conductor knows that nothing more will come. No effect before the end of generation.
    void end_drain();

    // Closes every session, a few hundred at a time, until `deadline` (or the end of an open() under way, if later),
    // and has the server forget what it keeps of them, of equipments that are offline too. What is in flight is then
    // unacknowledged. Also instead of drained(), or before start(). Once.
    net::Task<void> close(Instant deadline);

    Snapshot snapshot() const;
    // For those who judge while it runs.
    Changes changes();

    // After close(). Asserts that the tally balances and agrees with the exceptions.
    Result result() const;

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace portillon::fleet
