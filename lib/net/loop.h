#pragma once

// A shard's thread: one io_context, one clock, one heap of timers, and what is to be done once per turn.
//
// Real: run() sleeps in the kernel until a descriptor or a timer is ready. Simulated (testing/simulation.h): the same
// loop is polled and the clock jumps to the next alarm.

#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/timers.h"
#include "net/readiness.h"
#include "net/task.h"

namespace portillon::net {

// Work that is wanted once, soon, however often it is asked for: a member of what needs it. `later()` queues it; it
// runs from the loop after the handlers that are ready now, never from inside the call that asked.
class Deferred {
public:
    Deferred() = default;
    Deferred(const Deferred&) = delete;
    Deferred& operator=(const Deferred&) = delete;
    virtual ~Deferred();

    bool queued() const { return queue_ != nullptr; }
    virtual void run() = 0;

private:
    friend class Loop;
    std::vector<Deferred*>* queue_ = nullptr;
    std::size_t place_ = 0;
};

class Loop {
public:
    explicit Loop(const Clock& clock);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    asio::io_context& io() { return io_; }
    Executor executor() { return io_.get_executor(); }
    Instant now() const { return clock_.now(); }
    Timers& timers() { return timers_; }

    // Queues `work` for this turn; no effect if it is queued already.
    void later(Deferred& work);

    // Real time: `watcher` hears of `descriptor`, a socket, as in readiness.h.
    error_code watch(int descriptor, Watcher& watcher);
    void unwatch(int descriptor, const Watcher& watcher) { readiness_.unwatch(descriptor, watcher); }

    // Where any connection of this thread reads into: valid until the next read, that is, during one callback.
    std::span<std::byte> read_buffer() { return read_buffer_; }

    // Real time: returns when stop() was called. Timers ring at their instant, as near as the kernel allows.
    void run();
    void stop();

    // Simulated time: runs what is ready now, timers not past `now` included; true if anything ran.
    bool poll();

private:
    struct Pump;     // the kernel's timer, armed for timers_.next()
    struct Lookout;  // waits for readiness_
    void run_deferred();
    void catch_up();

    const Clock& clock_;
    Timers timers_;
    Readiness readiness_{[this] { catch_up(); }};
    std::vector<Deferred*> deferred_;
    std::vector<Deferred*> running_;
    std::vector<std::byte> read_buffer_;
    asio::io_context io_{1};  // what waits in it may hold any of the above
    std::unique_ptr<Pump> pump_;
    std::unique_ptr<Lookout> lookout_;
};

}  // namespace portillon::net
